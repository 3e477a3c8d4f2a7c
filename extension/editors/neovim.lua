-- Live update scenarios in Neovim: the built-in LSP client, and nvim-dap if it is installed.
-- Copy to ~/.config/nvim/plugin/lus.lua. The command `lus` must be in PATH.

vim.api.nvim_create_autocmd({ 'BufRead', 'BufNewFile' }, {
    pattern = '*.lus',
    callback = function()
        vim.bo.filetype = 'lus'
    end,
})

vim.api.nvim_create_autocmd('FileType', {
    pattern = 'lus',
    callback = function(event)
        vim.bo[event.buf].commentstring = '// %s'
        local folder = vim.fn.fnamemodify(vim.api.nvim_buf_get_name(event.buf), ':p:h')
        local config = { name = 'lus', cmd = { 'lus', 'lsp' }, root_dir = folder }
        if vim.lsp.start then
            vim.lsp.start(config)
        else -- Neovim 0.7 and older
            vim.lsp.buf_attach_client(event.buf, vim.lsp.start_client(config))
        end
    end,
})

local found, dap = pcall(require, 'dap')
if found then
    dap.adapters.lus = { type = 'executable', command = 'lus', args = { 'dap' } }
    dap.configurations.lus = {
        {
            type = 'lus',
            request = 'launch',
            name = 'Debug the scenario file',
            program = '${file}',
            stopOnEntry = true,
        },
    }
end
