/** The language server with a real client: eglot of Emacs, started with the file in extension/editors. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { z } from 'zod';
import { LUS } from '../support/lus';
import { inRepository } from '../support/repository';

/** The second line is indented by two columns only. */
const TYPO = 'scenario "typo" {\n  boot "7.2"\n    process luod {\n        memfd_creat("ram")\n    }\n}\n';

/** Waits for findings, asks for a hover and the index, formats the buffer, and prints all of it as JSON. */
const SCRIPT = `
(require 'package)
(package-initialize)
(unless (require 'eglot nil t)
  (princ "null")
  (kill-emacs))
(load (getenv "LUS_MODE") nil t)
(find-file "typo.lus")
(apply #'eglot (eglot--guess-contact))
(defun wait-for (found)
  (let ((ends (+ (float-time) 60)))
    (while (not (or (funcall found) (> (float-time) ends)))
      (accept-process-output nil 0.05))))
(wait-for #'eglot-current-server)
(flymake-start)
(wait-for #'flymake-diagnostics)
(goto-char (point-min))
(search-forward "boo")
(let ((hover (jsonrpc-request (eglot-current-server) :textDocument/hover (eglot--TextDocumentPositionParams)))
      (found (mapcar (lambda (d) (list :text (flymake-diagnostic-text d)
                                       :line (line-number-at-pos (flymake-diagnostic-beg d))))
                     (flymake-diagnostics)))
      (index (funcall imenu-create-index-function)))
  (eglot-format-buffer)
  (princ (json-serialize (list :mode (symbol-name major-mode)
                               :found (vconcat found)
                               :hover (plist-get (plist-get hover :contents) :value)
                               :index (format "%S" index)
                               :formatted (buffer-string))))
  (set-buffer-modified-p nil)
  (kill-emacs))
`;

const RESULT = z.nullable(
    z.object({
        mode: z.string(),
        found: z.array(z.object({ text: z.string(), line: z.number() })),
        hover: z.string(),
        index: z.string(),
        formatted: z.string(),
    }),
);

suite('language server: Emacs', () => {
    test('findings, hover, the index and formatting with the configuration that ships', function () {
        if (spawnSync('emacs', ['--version']).error) {
            console.log('There is no emacs on this machine, so its test does not run.');
            this.skip();
        }
        const folder = mkdtempSync(path.join(tmpdir(), 'lus-emacs-'));
        const bin = path.join(folder, 'bin');
        mkdirSync(bin);
        symlinkSync(LUS, path.join(bin, 'lus'));
        writeFileSync(path.join(folder, 'typo.lus'), TYPO);
        writeFileSync(path.join(folder, 'ask.el'), SCRIPT);
        const { stdout, stderr } = spawnSync('emacs', ['--batch', '-l', 'ask.el'], {
            cwd: folder,
            encoding: 'utf8',
            env: {
                ...process.env,
                PATH: `${bin}:${process.env['PATH']}`,
                LUS_MODE: inRepository('extension', 'editors', 'lus-mode.el'),
            },
        });
        rmSync(folder, { recursive: true });
        const result = RESULT.parse(JSON.parse(stdout), { error: () => stderr });
        if (!result) {
            console.log('The emacs of this machine has no eglot, so its test does not run.');
            this.skip();
        }
        assert.equal(result.mode, 'lus-mode');
        assert.deepEqual(
            result.found.map(({ text, line }) => [/LU\d{4}/.exec(text)?.[0], line]),
            [['LU0202', 4]],
        );
        assert.match(result.hover, /boot "7\.2"/);
        assert.match(result.index, /"typo"/);
        assert.equal(result.formatted, TYPO.replace('  boot', '    boot'));
    });
});
