module gover

go 1.27

require golang.org/x/mod v0.7.0

// Debian's golang-golang-x-mod-dev puts the sources there.
replace golang.org/x/mod => /usr/share/gocode/src/golang.org/x/mod
