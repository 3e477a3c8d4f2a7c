/**
 * Where a source turns bytes into text, or text into bytes, without emulator/text/utf8.ts: names, command lines and
 * contents are bytes to the kernel, and another decoder loses some of them.
 */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { ROOT } from '../support/repository';
import { filesOf } from './imports';
import type { Problem } from './rooms';

const CODERS = /\bText(?:En|De)coder\b/;

/** Files that may: the coder itself, and base64, whose text is ASCII. */
const CODED = new Set(['emulator/text/utf8.ts', 'emulator/text/base64.ts']);

export function textBytesProblems(): Problem[] {
    return filesOf('emulator/*.ts')
        .filter((file) => !CODED.has(file))
        .flatMap((file) =>
            readFileSync(path.join(ROOT, file), 'utf8')
                .split('\n')
                .flatMap((text, i): Problem[] =>
                    CODERS.test(text)
                        ? [
                              {
                                  file,
                                  line: i + 1,
                                  message: 'read and write text with emulator/text/utf8.ts, which loses no byte',
                              },
                          ]
                        : [],
                ),
        );
}
