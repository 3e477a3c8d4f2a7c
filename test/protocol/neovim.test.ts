/** The language server with a real client: Neovim, started with the file in extension/editors. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { LUS } from '../support/lus';
import { inRepository } from '../support/repository';

const TYPO = 'scenario "typo" {\n    boot "7.2"\n    process luod {\n        memfd_creat("ram")\n    }\n}\n';

/** Waits for findings, asks for what hangs on the typed name, and prints all of it as JSON. */
const SCRIPT = `
local wait = 60000
vim.wait(wait, function() return #vim.diagnostic.get(0) > 0 end, 50)
local about = {
    textDocument = vim.lsp.util.make_text_document_params(),
    position = { line = 1, character = 6 },
}
local hover = vim.lsp.buf_request_sync(0, 'textDocument/hover', about, wait)
local symbols = vim.lsp.buf_request_sync(0, 'textDocument/documentSymbol', { textDocument = about.textDocument }, wait)
local function first(answers)
    for _, answer in pairs(answers or {}) do return answer.result end
end
local found = vim.tbl_map(function(d) return { code = d.code, line = d.lnum } end, vim.diagnostic.get(0))
io.stdout:write(vim.json.encode({
    filetype = vim.bo.filetype,
    found = found,
    hover = first(hover).contents.value,
    symbols = vim.tbl_map(function(s) return s.name end, first(symbols)),
}))
vim.cmd('qa!')
`;

const RESULT = z.object({
    filetype: z.string(),
    found: z.array(z.object({ code: z.string(), line: z.number() })),
    hover: z.string(),
    symbols: z.array(z.string()),
});

suite('language server: Neovim', () => {
    test('findings, hover and symbols with the configuration that ships', function () {
        if (spawnSync('nvim', ['--version']).error) {
            console.log('There is no nvim on this machine, so its test does not run.');
            this.skip();
        }
        const folder = mkdtempSync(path.join(tmpdir(), 'lus-nvim-'));
        const bin = path.join(folder, 'bin');
        mkdirSync(bin);
        symlinkSync(LUS, path.join(bin, 'lus'));
        writeFileSync(path.join(folder, 'typo.lus'), TYPO);
        writeFileSync(path.join(folder, 'ask.lua'), SCRIPT);
        const config = inRepository('extension', 'editors', 'neovim.lua');
        const { stdout, stderr } = spawnSync(
            'nvim',
            ['--headless', '-u', 'NONE', '-n', '--cmd', `luafile ${config}`, 'typo.lus', '-c', 'luafile ask.lua'],
            { cwd: folder, encoding: 'utf8', env: { ...process.env, PATH: `${bin}:${process.env['PATH']}` } },
        );
        rmSync(folder, { recursive: true });
        const result = RESULT.parse(JSON.parse(stdout), { error: () => stderr });
        assert.equal(result.filetype, 'lus');
        assert.deepEqual(result.found, [{ code: 'LU0202', line: 3 }]);
        assert.match(result.hover, /boot "7\.2"/);
        assert.deepEqual(result.symbols, ['typo']);
    });
});
