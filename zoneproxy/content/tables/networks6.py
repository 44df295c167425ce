"""IPv6 blocks that APNIC delegated to China: the built-in table, dated.

Words of runs (`zoneproxy.content.tables.runs`) of /48.

Source: APNIC's delegation statistics of 2025-09-04, by way of herrbischoff/country-ip-blocks (CC0).
"""

from __future__ import annotations

from functools import cache

from zoneproxy.content.tables.runs import decode_runs

_UNIT_BITS = 80
_BLOCKS = """
ch1gux3wg:9tz4 15eejg 5r 8r ib 5sv ewc88 a 188vzj:1ekg 3e7eo:1ekg 90h6o:47pc 13bwg:1ekg mh35 3 k 1ejp wbvm
13w 3jz 1z3 73 1fj 3j 8jj 8ov 4n3 2yn 3sv 4xr 6db 3wf 62n 56n 2kf 1rz u7 cf 1r chr 9kv 1of 58f 1rz lb h6n
abj 533 5of 3nj cu7 79b ben 7i7 2f3 2kf 35r lb 20v 1j3 45b e7 5xb 267 2yn 1dr 2yn 2rj e7 gn3 xr lb 4qn sf e7
533:4 a2k 2f3 30f 45b hr 133 3pb 4u7 qwv 5b i67 267 rnj 6f3 4jj bjz p6n mmbj:1ekg l2io:1ekg 40ohs:1ekg
9tz4:1ekg 6ttds:1ekg 32yv4:1ekg em8pa8:1ekg 8e03k:b8jk 1k21ydu68:1ekg b74zk:1ekg dp1c0:1ekg 4ye4g:1ekg
2ghs0:1ekg mfojk:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg
3pfy8:1ekg 17jls:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg exzi8:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg
4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4krw8w:1ekg 9y6tc:1ekg 17jls:1ekg 3pfy8:1ekg 2ghs0:1ekg 4ye4g:1ekg
2ghs0:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg
17jls:1ekg 3pfy8:1ekg jxs74:1ekg 9y6tc:1ekg 2ghs0:1ekg 2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg
cg35s:1ekg cg35s:1ekg 17jls:1ekg 3pfy8:1ekg 18wrnk:1ekg 4ye4g:1ekg 4ye4g:1ekg 7gagw:1ekg 2ghs0:1ekg
4ye4g:1ekg nomps:1ekg q6j28:1ekg mfojk:1ekg 2ghs0:1ekg mfojk:1ekg jxs74:1ekg exzi8:1ekg exzi8:1ekg
2ghs0:1ekg 17jls:1ekg 17jls:1ekg 2ghs0:1ekg 4ye4g:1ekg 9y6tc:1ekg 4ye4g:1ekg hfvuo:1ekg 2ghs0:1ekg
17jls:1ekg 3pfy8:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg dp1c0:1ekg 3pfy8:1ekg
3pfy8:1ekg 4ye4g:1ekg 3pfy8:1ekg 2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg 9y6tc:1ekg 2ghs0:1ekg 13wyyo:1ekg
2ghs0:1ekg 3pfy8:1ekg 17jls:1ekg 17jls:1ekg 3pfy8:1ekg 3pfy8:1ekg 17jls:1ekg 4ye4g:1ekg 4ye4g:1ekg
4ye4g:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg
4ye4g:1ekg 3pfy8:1ekg 17jls:1ekg 2ghs0:1ekg 2ghs0:1ekg 17jls:1ekg 3pfy8:1ekg 4ye4g:1ekg 2ghs0:1ekg
2ghs0:1ekg 4ye4g:1ekg 3pfy8:1ekg 3pfy8:1ekg 2ghs0:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg
17jls:1ekg 3pfy8:1ekg 4ye4g:1ekg 17jls:1ekg 3pfy8:1ekg 4ye4g:1ekg 4ye4g:1ekg 3pfy8:mh34 mh34:1ekg 4ye4g:1ekg
2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg 4ye4g:1ekg jxs74:1ekg 9y6tc:1ekg 17jls:1ekg 8p8n4:1ekg 11f2m8:1ekg
2ghs0:1ekg 7gagw:1ekg exzi8:2t4w 7evwg:1ekg rfh8g:1ekg 4ye4g:1ekg 67cao:1ekg 2ghs0:1ekg 67cao:1ekg
2ghs0:1ekg 4ye4g:1ekg 8p8n4:1ekg 3pfy8:1ekg 2ghs0:1ekg l6qdc:1ekg 9y6tc:1ekg b74zk:1ekg 3pfy8:1ekg
67cao:1ekg 3pfy8:1ekg 3pfy8:1ekg 3pfy8:1ekg 17jls:1ekg txdkw:1ekg 67cao:1ekg cg35s:1ekg 3pfy8:1ekg
2ghs0:1ekg 17jls:1ekg 17jls:1ekg 17jls:1ekg q6j28:1ekg 67cao:1ekg 4ye4g:1ekg 17jls:1ekg q6j28:1ekg
dp1c0:1ekg mfojk:1ekg sofeo:1ekg 3pfy8:1ekg 67cao:1ekg 3pfy8:1ekg b74zk:1ekg 9y6tc:1ekg 8p8n4:1ekg
8p8n4:1ekg 2ghs0:1ekg 17jls:1ekg 2ghs0:1ekg 4ye4g:b8jk xpmo:1ekg l6qdc:1ekg mfojk:1ekg 13wyyo:1ekg
txdkw:1ekg 9y6tc:1ekg 17jls:1ekg 67cao:1ekg 2ghs0:1ekg q6j28:1ekg 17jls:1ekg 2ghs0:1ekg 7gagw:1ekg
wf9xc:1ekg 9y6tc:1ekg txdkw:1ekg exzi8:1ekg 1beo00:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg
4ye4g:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg 3pfy8:1ekg
17jls:1ekg 2ghs0:1ekg 2ghs0:1ekg 9y6tc:1ekg 4ye4g:1ekg 8p8n4:1ekg 17jls:1ekg 2ghs0:1ekg 3pfy8:1ekg
3pfy8:1ekg 2ghs0:1ekg 9y6tc:1ekg cg35s:1ekg hfvuo:1ekg 67cao:1ekg 17jls:1ekg 3pfy8:1ekg 3pfy8:1ekg
17jls:1ekg nomps:1ekg 3pfy8:1ekg q6j28:mh34 1vf9c:1ekg 3pfy8:1ekg 3pfy8:1ekg 4ye4g:1ekg 3pfy8:1ekg
iou0w:1ekg 1le9ds:1ekg dp1c0:1ekg 67cao:1ekg wf9xc:1ekg g6xog:1ekg 2ghs0:1ekg 17jls:1ekg 2ghs0:1ekg
7gagw:1ekg 4ye4g:1ekg 1gegow:1ekg cg35s:1ekg b74zk:1ekg 2ghs0:1ekg 67cao:1ekg 4ye4g:1ekg 17jls:1ekg
b74zk:1ekg cg35s:1ekg 4ye4g:1ekg 17jls:1ekg 3pfy8:1ekg 4ye4g:1ekg 4ye4g:1ekg cg35s:1ekg l6qdc:1ekg
2ghs0:1ekg 17jls:1ekg 7gagw:1ekg 4ye4g:1ekg yx69s:1ekg 8p8n4:1ekg g6xog:1ekg 2ghs0:1ekg hfvuo:1ekg
2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg 4ye4g:1ekg 3pfy8:1ekg 17jls:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg
7gagw:1ekg jxs74:1ekg dp1c0:1ekg 2ghs0:1ekg 17jls:1ekg 2ghs0:1ekg 7gagw:1ekg 3pfy8:1ekg q6j28:1ekg
txdkw:1ekg 17jls:mh34 34dfk:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg g6xog:1ekg 4ye4g:1ekg 3pfy8:1ekg
3pfy8:1ekg 17jls:1ekg 17jls:1ekg 17jls:1ekg 7gagw:1ekg 4ye4g:1ekg 9y6tc:1ekg 2ghs0:1ekg wf9xc:1ekg
mfojk:1ekg exzi8:1ekg jxs74:1ekg 4ye4g:1ekg cg35s:1ekg rfh8g:1ekg 17jls:1ekg sofeo:1ekg oxkw0:1ekg
2ghs0:1ekg 4ye4g:1ekg 2ghs0:1ekg 17jls:2t4w 1651c:1ekg exzi8:1ekg cg35s:1ekg 4ye4g:1ekg 4ye4g:1ekg
9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg 67cao:1ekg 3pfy8:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
jxs74:1ekg 4ye4g:1ekg 18wrnk:1ekg jxs74:1ekg 1dwkcg:1ekg l6qdc:1ekg b74zk:1ekg exzi8:1ekg 8p8n4:1ekg
2ghs0:1ekg 17jls:1ekg v6br4:1ekg 4s9la8:1ekg 67cao:1ekg 2ghs0:1ekg 4ye4g:1ekg 8p8n4:1ekg 2ghs0:1ekg
2ghs0:1ekg iou0w:1ekg 8p8n4:1ekg 17jls:1ekg 4ye4g:1ekg 4ye4g:1ekg 3pfy8:1ekg 2ghs0:1ekg 3pfy8:1ekg
3pfy8:1ekg 67cao:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg 17jls:1ekg
3pfy8:1ekg 2ghs0:1ekg 4ye4g:1ekg exzi8:1ekg oxkw0:1ekg 7gagw:1ekg 7gagw:1ekg hfvuo:1ekg 7gagw:1ekg
4ye4g:1ekg 67cao:1ekg 7gagw:1ekg 2ghs0:2t4w 1651c:1ekg 1064g0:1ekg b74zk:1ekg 67cao:1ekg g6xog:1ekg
4ye4g:1ekg 8p8n4:1ekg hfvuo:1ekg 2ghs0:1ekg 2ghs0:1ekg 3pfy8:1ekg q6j28:1ekg 17jls:1ekg 7gagw:1ekg
17jls:1ekg 2ghs0:1ekg 17jls:1ekg 3pfy8:1ekg b74zk:1ekg cg35s:1ekg 7gagw:1ekg 3pfy8:2t4w 1651c:1ekg
17jls:1ekg 3pfy8:1ekg 8p8n4:1ekg 4ye4g:1ekg 67cao:1ekg 3pfy8:1ekg 17jls:1ekg cg35s:1ekg 17jls:1ekg
g6xog:1ekg 2ghs0:1ekg dp1c0:1ekg 3pfy8:1ekg 3pfy8:1ekg 17jls:1ekg 9y6tc:1ekg 17jls:1ekg 3pfy8:1ekg
4ye4g:1ekg 3pfy8:1ekg 17jls:1ekg 67cao:1ekg 2ghs0:1ekg l6qdc:1ekg 2ghs0:1ekg 17jls:1ekg 3pfy8:1ekg
17jls:1ekg 17jls:1ekg b74zk:1ekg 2ghs0:1ekg b74zk:1ekg 4ye4g:1ekg 4ye4g:1ekg iou0w:1ekg 67cao:1ekg
cg35s:1ekg 67cao:1ekg b74zk:1ekg 17jls:1ekg 67cao:1ekg 4ye4g:1ekg 2ghs0:1ekg 17jls:1ekg 3pfy8:1ekg
2ghs0:1ekg 17jls:1ekg 3pfy8:1ekg 4ye4g:1ekg 2ghs0:1ekg 17jls:1ekg 8p8n4:1ekg exzi8:1ekg 7gagw:1ekg
2ghs0:1ekg 8p8n4:1ekg 3pfy8:1ekg 8p8n4:2t4w 9ws8w:1ekg 2ghs0:1ekg 3pfy8:1ekg b74zk:1ekg 9y6tc:1ekg
iou0w:1ekg wf9xc:1ekg 7gagw:1ekg 2ghs0:1ekg 4ye4g:1ekg exzi8:1ekg 4ye4g:1ekg cg35s:1ekg 17jls:1ekg
dp1c0:1ekg 3pfy8:1ekg 17jls:1ekg 3pfy8:1ekg g6xog:1ekg cg35s:1ekg 4ye4g:1ekg 17jls:1ekg 4ye4g:1ekg
3pfy8:1ekg 17jls:1ekg 3pfy8:1ekg 2ghs0:1ekg cg35s:1ekg 4ye4g:1ekg 8p8n4:1ekg xo83k:1ekg 3pfy8:1ekg
9y6tc:1ekg 2ghs0:mh34 8464g:1ekg iou0w:1ekg cg35s:1ekg 2ghs0:1ekg 67cao:1ekg iou0w:1ekg 2ghs0:1ekg
3pfy8:1ekg 2ghs0:1ekg 4ye4g:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 17jls:1ekg rfh8g:1ekg l6qdc:1ekg
4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg mfojk:1ekg 2ghs0:1ekg 17nthc:1ekg 2ghs0:1ekg cg35s:1ekg 8p8n4:1ekg
17jls:1ekg 7gagw:1ekg 12o0sg:1ekg 67cao:1ekg l6qdc:1ekg 9y6tc:1ekg 8p8n4:1ekg 17jls:1ekg wf9xc:1ekg
18wrnk:1ekg exzi8:1ekg oxkw0:1ekg l6qdc:1ekg hfvuo:1ekg 2ghs0:1ekg g6xog:1ekg hfvuo:1ekg 2ghs0:1ekg
dp1c0:1ekg sofeo:1ekg 17jls:1ekg 3pfy8:1ekg 3pfy8:1ekg 8p8n4:1ekg 8p8n4:1ekg 3pfy8:1ekg dp1c0:1ekg
b74zk:1ekg l6qdc:1ekg 2ghs0:1ekg xo83k:1ekg 4ye4g:1ekg 8p8n4:1ekg g6xog:1ekg hfvuo:1ekg 4ye4g:1ekg
4ye4g:1ekg 8p8n4:1ekg 17jls:1ekg b74zk:1ekg q6j28:1ekg exzi8:1ekg 2ghs0:1ekg cg35s:1ekg 4ye4g:1ekg
9y6tc:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg exzi8:1ekg 1nw5q8:1ekg
4ye4g:1ekg 4ye4g:1ekg cg35s:1ekg jxs74:1ekg 7gagw:1ekg 7gagw:1ekg hfvuo:1ekg exzi8:1ekg 4ye4g:1ekg
4ye4g:1ekg 4ye4g:1ekg 7gagw:1ekg 2ghs0:1ekg 1beo00:1ekg 2ghs0:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg
2ghs0:1ekg 4ye4g:1ekg cg35s:1ekg 4ye4g:1ekg 7gagw:1ekg 7gagw:1ekg jxs74:1ekg cg35s:1ekg 4ye4g:1ekg
1gegow:1ekg 7gagw:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg 4ye4g:1ekg cg35s:1ekg 9y6tc:1ekg 2ghs0:1ekg
4ye4g:1ekg 4ye4g:1ekg wf9xc:1ekg 2ghs0:1ekg jxs74:1ekg jxs74:1ekg 4ye4g:1ekg 4ye4g:1ekg mfojk:1ekg
cg35s:1ekg 4ye4g:1ekg mfojk:1ekg 4ye4g:1ekg 7gagw:1ekg 4ye4g:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg
4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg oxkw0:1ekg 4ye4g:1ekg exzi8:1ekg 1le9ds:1ekg 4ye4g:1ekg
13wyyo:1ekg exzi8:1ekg 4ye4g:1ekg mfojk:1ekg mfojk:1ekg 2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg 4ye4g:1ekg
exzi8:1ekg 4ye4g:1ekg 9y6tc:1ekg 4ye4g:1ekg jxs74:1ekg 2ghs0:1ekg rfh8g:1ekg 4ye4g:1ekg 9y6tc:1ekg
4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg exzi8:1ekg 4ye4g:1ekg
4ye4g:1ekg cg35s:1ekg 9y6tc:1ekg 13wyyo:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 4ye4g:1ekg 2ghs0:1ekg
2ghs0:1ekg 9y6tc:1ekg rfh8g:1ekg 2ghs0:1ekg 2ghs0:1ekg exzi8:1ekg 2ghs0:1ekg jxs74:1ekg 9y6tc:1ekg
oxkw0:1ekg 2ghs0:1ekg 4ye4g:1ekg 7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg exzi8:1ekg mfojk:1ekg oxkw0:1ekg
hfvuo:1ekg 2ghs0:1ekg 4ye4g:1ekg 2ghs0:1ekg 9y6tc:1ekg 2ghs0:1ekg 9y6tc:1ekg 11f2m8:1ekg txdkw:1ekg
cg35s:1ekg jxs74:1ekg 13wyyo:1ekg oxkw0:1ekg rfh8g:1ekg 2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg exzi8:1ekg
2ghs0:1ekg 2ghs0:1ekg 2ghs0:1ekg mfojk:1ekg 9y6tc:1ekg 4ye4g:1ekg 2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg
7gagw:1ekg 9y6tc:1ekg exzi8:1ekg exzi8:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg
4ye4g:1ekg exzi8:1ekg 9y6tc:1ekg 7gagw:1ekg 7gagw:1ekg cg35s:1ekg 7gagw:1ekg 2ghs0:1ekg 2ghs0:1ekg
7gagw:1ekg 9y6tc:1ekg jxs74:1ekg 9y6tc:1ekg 9y6tc:1ekg hfvuo:1ekg 2ghs0:1ekg 4ye4g:1ekg cg35s:1ekg
wf9xc:1ekg 7gagw:1ekg 2ghs0:1ekg jxs74:1ekg cg35s:1ekg 7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg jxs74:1ekg
oxkw0:1ekg 4ye4g:1ekg 1qe22o:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:2t4w ewkxs:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 2ghs0:1ekg hfvuo:1ekg
hfvuo:1ekg 9y6tc:1ekg cg35s:1ekg cg35s:1ekg 9y6tc:1ekg hfvuo:1ekg jxs74:1ekg 9y6tc:1ekg 9y6tc:1ekg
2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg 7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg
9y6tc:1ekg 7gagw:1ekg 4ye4g:1ekg 7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg 7gagw:1ekg 2ghs0:1ekg cg35s:1ekg
4ye4g:1ekg 7gagw:1ekg 2ghs0:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg oxkw0:1ekg 4ye4g:1ekg
4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg cg35s:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 7gagw:1ekg
2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg
2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg 9y6tc:1ekg 2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg
4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 7gagw:1ekg
2ghs0:1ekg 4ye4g:1ekg 4ye4g:1ekg jxs74:1ekg 9y6tc:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg
7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg cg35s:1ekg exzi8:1ekg
2ghs0:1ekg jxs74:1ekg 9y6tc:1ekg cg35s:1ekg 4ye4g:1ekg 2ghs0:1ekg 7gagw:1ekg cg35s:1ekg cg35s:1ekg
7gagw:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 2ghs0:1ekg
7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg jxs74:1ekg 9y6tc:1ekg
7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg oxkw0:1ekg 7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg
7gagw:1ekg 4ye4g:1ekg 4ye4g:1ekg 2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 7gagw:1ekg
2ghs0:1ekg cg35s:1ekg 2ghs0:1ekg cg35s:1ekg 4ye4g:1ekg hfvuo:1ekg 4ye4g:1ekg oxkw0:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg txdkw:1ekg
4ye4g:1ekg 4ye4g:1ekg 7gagw:1ekg 2ghs0:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg
4ye4g:1ekg txdkw:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg jxs74:1ekg 2ghs0:1ekg 2ghs0:1ekg 2ghs0:1ekg 2ghs0:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg
7gagw:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg exzi8:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg exzi8:1ekg
9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg
2ghs0:1ekg 9y6tc:1ekg 4ye4g:1ekg yx69s:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg
4ye4g:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 7gagw:1ekg 1nw5q8:1ekg 2ghs0:1ekg
4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg mfojk:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 1beo00:1ekg 16evb4:1ekg
9y6tc:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 4ye4g:1ekg 2ghs0:1ekg
2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg
2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 4ye4g:1ekg exzi8:1ekg 4ye4g:1ekg 4ye4g:1ekg 7gagw:1ekg 2ghs0:1ekg 4ye4g:1ekg 4ye4g:1ekg
2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 4ye4g:1ekg 2ghs0:1ekg
2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 7gagw:1ekg 2ghs0:1ekg 4ye4g:1ekg
4ye4g:1ekg cg35s:1ekg 7gagw:1ekg hfvuo:1ekg exzi8:1ekg 7gagw:1ekg exzi8:1ekg 4ye4g:1ekg 7gagw:1ekg
jxs74:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg 2ghs0:2t4w ceolc:1ekg 3e7eo:1ekg 90h6o:1ekg 2ghs0:1ekg
hfvuo:1ekg 2ghs0:1ekg jxs74:1ekg 13wyyo:1ekg 9y6tc:1ekg 2ghs0:1ekg 4ye4g:1ekg cg35s:1ekg exzi8:1ekg
4ye4g:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg wf9xc:1ekg 11f2m8:1ekg 13wyyo:1ekg 2ghs0:1ekg 7gagw:1ekg
9y6tc:1ekg 7gagw:1ekg oxkw0:1ekg 45si68:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 2ghs0:1ekg
2ghs0:1ekg cg35s:1ekg cg35s:1ekg 4ye4g:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 4ye4g:1ekg 4ye4g:1ekg
9y6tc:1ekg oxkw0:1ekg 4ye4g:1ekg txdkw:1ekg oxkw0:1ekg yx69s:1ekg jxs74:1ekg 1le9ds:1ekg 7gagw:1ekg
13wyyo:1ekg 18wrnk:1ekg 16evb4:1ekg 4ye4g:1ekg jxs74:1ekg txdkw:1ekg 9y6tc:1ekg oxkw0:1ekg exzi8:1ekg
7gagw:1ekg 18wrnk:1ekg 1gegow:1ekg exzi8:1ekg 4ye4g:1ekg 2ghs0:1ekg 4ye4g:1ekg oxkw0:1ekg cg35s:1ekg
cg35s:1ekg jxs74:1ekg 11f2m8:1ekg wf9xc:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg rfh8g:1ekg 9y6tc:1ekg
exzi8:1ekg exzi8:1ekg jxs74:1ekg 4ye4g:1ekg rfh8g:1ekg 1iwd1c:1ekg 2ad8u8:1ekg 9y6tc:1ekg yx69s:1ekg
4ye4g:1ekg 2ghs0:1ekg 7gagw:1ekg 7gagw:1ekg 1dwkcg:1ekg 2pcmww:1ekg mfojk:1ekg 4ye4g:1ekg 4ye4g:1ekg
4ye4g:1ekg 16evb4:1ekg rfh8g:1ekg 4ye4g:1ekg 1iwd1c:1ekg 4ye4g:1ekg 4ye4g:1ekg 2ghs0:1ekg 7gagw:1ekg
4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg 4ye4g:1ekg txdkw:1ekg 4ye4g:1ekg wf9xc:1ekg wf9xc:1ekg
2ghs0:1ekg 7gagw:1ekg cg35s:1ekg cg35s:1ekg oxkw0:1ekg 4ye4g:1ekg 9y6tc:1ekg 4ye4g:1ekg 1gegow:1ekg
exzi8:1ekg yx69s:1ekg rfh8g:1ekg 4ye4g:1ekg hfvuo:1ekg 9y6tc:1ekg 2ghs0:1ekg rfh8g:1ekg 7gagw:1ekg
4ye4g:1ekg 9y6tc:1ekg oxkw0:1ekg 18wrnk:1ekg txdkw:1ekg 2fd1j4:1ekg 13wyyo:1ekg 9y6tc:1ekg 9y6tc:1ekg
2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg mfojk:1ekg 11f2m8:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg
9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 4ye4g:1ekg
2ghs0:1ekg hfvuo:1ekg 4ye4g:1ekg 1nw5q8:1ekg 7gagw:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg
2ghs0:1ekg 4ye4g:1ekg 2ghs0:1ekg 4ye4g:1ekg 2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg
9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 4ye4g:1ekg
2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg hfvuo:1ekg cg35s:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg
4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 1beo00:1ekg
hfvuo:1ekg 2ghs0:1ekg 4ye4g:1ekg 4ye4g:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
4ye4g:1ekg 4ye4g:1ekg 7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg
9y6tc:1ekg 7gagw:1ekg jxs74:1ekg 4ye4g:1ekg rfh8g:1ekg jxs74:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 2ghs0:1ekg
7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 2ghs0:1ekg 7gagw:1ekg 4ye4g:1ekg
4ye4g:1ekg 2ghs0:1ekg 7gagw:1ekg 4ye4g:1ekg 4ye4g:1ekg 2ghs0:1ekg mfojk:1ekg 16evb4:1ekg exzi8:1ekg
cg35s:1ekg exzi8:1ekg oxkw0:1ekg 4ye4g:1ekg 9y6tc:1ekg 4ye4g:1ekg jxs74:1ekg jxs74:1ekg jxs74:1ekg
jxs74:1ekg 1beo00:1ekg 7gagw:1ekg 9y6tc:1ekg exzi8:1ekg jxs74:1ekg 4ye4g:1ekg 2ghs0:1ekg 7gagw:1ekg
4ye4g:1ekg cg35s:1ekg mfojk:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 13wyyo:1ekg mfojk:1ekg
mfojk:1ekg jxs74:1ekg 1qe22o:1ekg 7gagw:1ekg 2ghs0:1ekg exzi8:1ekg 16evb4:1ekg 20dngg:1ekg jxs74:5m9s
13sr9c:1ekg mfojk:1ekg cg35s:1ekg oxkw0:1ekg 18wrnk:1ekg hfvuo:1ekg 7gagw:1ekg 2ghs0:1ekg 2ghs0:1ekg
4ye4g:1ekg cg35s:1ekg hfvuo:1ekg 4ye4g:1ekg txdkw:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 1beo00:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 1le9ds:1ekg 7gagw:1ekg 4ye4g:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
2ghs0:1ekg 7gagw:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg
7gagw:1ekg 2ghs0:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 9y6tc:1ekg rfh8g:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 2ghs0:1ekg 4ye4g:1ekg 2ghs0:1ekg
2ghs0:1ekg 7gagw:1ekg 4ye4g:1ekg exzi8:1ekg 1dwkcg:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg
4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 2ghs0:1ekg 4ye4g:1ekg 2ghs0:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg
4ye4g:1ekg 4ye4g:1ekg mfojk:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 2ghs0:b8jk
76ghs:1ekg 4ye4g:1ekg 2ghs0:1ekg 2ghs0:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 2ghs0:1ekg 4ye4g:1ekg
2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg jxs74:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg 9y6tc:1ekg
2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg jxs74:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg
jxs74:1ekg 4ye4g:1ekg exzi8:1ekg 9y6tc:1ekg 2ghs0:1ekg rfh8g:1ekg 1nw5q8:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg
7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 2ghs0:1ekg 4ye4g:1ekg
2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 1le9ds:1ekg mfojk:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
7gagw:1ekg cg35s:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg
2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:5m9s 4u6f4:1ekg 9y6tc:1ekg 7gagw:1ekg
2ghs0:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 7gagw:1ekg 2ghs0:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg jxs74:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg cg35s:1ekg 7gagw:1ekg 2ghs0:1ekg cg35s:1ekg 4ye4g:1ekg 9y6tc:1ekg 9y6tc:1ekg cg35s:1ekg
exzi8:mh34 29s6bk:1ekg 4ye4g:1ekg hfvuo:1ekg txdkw:1ekg hfvuo:1ekg txdkw:1ekg 9y6tc:1ekg 9y6tc:1ekg
4ye4g:1ekg 1iwd1c:1ekg 9y6tc:1ekg 20dngg:1ekg oxkw0:1ekg 2cv56o:1ekg cg35s:1ekg 13wyyo:1ekg 1iwd1c:1ekg
9y6tc:1ekg 2ghs0:1ekg 11f2m8:1ekg 7gagw:1ekg oxkw0:1ekg 1xvr40:1ekg exzi8:1ekg jxs74:1ekg hfvuo:1ekg
2ghs0:1ekg 4ye4g:1ekg cg35s:1ekg 1qe22o:1ekg 18wrnk:1ekg 4ye4g:1ekg cg35s:1ekg 9y6tc:1ekg 7gagw:1ekg
cg35s:1ekg 9y6tc:1ekg 9y6tc:1ekg jxs74:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 18wrnk:1ekg 2ghs0:1ekg
cg35s:1ekg oxkw0:1ekg 7gagw:1ekg 27vchs:1ekg 1gegow:1ekg 1vdurk:1ekg 2ucfls:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg txdkw:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg 2ruj9c:1ekg txdkw:1ekg 11f2m8:1ekg cg35s:1ekg
9y6tc:1ekg wf9xc:1ekg hfvuo:1ekg txdkw:1ekg hfvuo:1ekg 4ye4g:1ekg wf9xc:1ekg 4ye4g:1ekg 7gagw:1ekg
1nw5q8:1ekg exzi8:1ekg 7gagw:1ekg 7gagw:1ekg 16evb4:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg jxs74:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg
9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg txdkw:1ekg
4ye4g:1ekg 4ye4g:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg jxs74:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg 4ye4g:1ekg 1dwkcg:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 2ghs0:1ekg 7gagw:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 4ye4g:1ekg oxkw0:1ekg 9y6tc:1ekg 7gagw:1ekg 2ghs0:1ekg 2ghs0:1ekg 7gagw:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg
9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg 9y6tc:1ekg ig7lds:13ydj4 7romps:9zlds
8lnev4:4fti4g zik0zk:6nq96o fjd9fk:4fti4g 4fti4g:4fti4g 13ydj40:9zlds 8lnev4:27wr28 6nq96o:9zlds
8lnev4:27wr28 6nq96o:4fti4g 4fti4g:4fti4g m73im8:13ydj4 gnbmyo:4fti4g 4fti4g:27wr28 6nq96o:4zsow
hma7sw:2hwcg 8t53wg:1ekg 70u8:1ekg b8jk:1ekg hqnjeo:13ydj4 gnbmyo:27wr28 fjd9fk:4fti4g v2qiv4:27wr28
fjd9fk:9zlds z8kfls:hra0hs 1z141z4:9zlds hhaf40:9zlds hhaf40:9zlds 2bjen0vsw:b8jk c7abwn4:b8jk 8hjrm68:b8jk
957b01s:b8jk vyvytc:b8jk
"""


@cache
def blocks() -> tuple[tuple[int, int], ...]:
    """Return first and last IPv6 address of each run as integers, ascending, not overlapping."""
    return decode_runs(_BLOCKS, _UNIT_BITS)
