-- Opens a policy with a misspelled fact: is it underlined, completed, explained, and does the mark go?
local command = vim.env.ZONEPROXY_LSP
local id = vim.lsp.start_client({ name = 'zoneproxy', cmd = { command, 'policy', 'lsp' }, root_dir = vim.fn.getcwd() })
vim.lsp.buf_attach_client(0, id)
vim.wait(20000, function() return #vim.diagnostic.get(0) > 0 end, 20)
local mark = vim.diagnostic.get(0)[1]
print('mark', mark.lnum + 1, mark.message:gsub('\n', ' '))
local document = vim.lsp.util.make_text_document_params(0)
local function ask(method, line, character)
  local params = { textDocument = document, position = { line = line, character = character } }
  return vim.lsp.buf_request_sync(0, method, params, 10000)[id].result
end
local offered = {}
local answer = ask('textDocument/completion', mark.lnum, mark.col)
for _, item in ipairs(answer.items or answer) do offered[item.label] = true end
print('offered', offered['request.path'] == true, offered['egress.route'] == true)
vim.cmd('%s/request.pth/request.path/')
print('mended', vim.wait(20000, function() return #vim.diagnostic.get(0) == 0 end, 20))
print('hover', (vim.inspect(ask('textDocument/hover', mark.lnum, mark.col)):match('path without its query')))
vim.cmd('qa!')
