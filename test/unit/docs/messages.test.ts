/** Messages and pages have no form of test/messages/banned.ts. */
import assert from 'node:assert/strict';
import { BANNED, isQuoted } from '../../messages/banned';
import { messages, pages } from '../../messages/collect';
import type { Text } from '../../messages/text';

suite('messages and pages', () => {
    let all: readonly Text[];

    suiteSetup(async () => {
        all = await messages();
    });

    test('every banned form finds its examples, and not what it allows', () => {
        for (const { form, examples, allowed } of BANNED) {
            for (const example of examples) {
                assert.match(example, form);
            }
            for (const other of allowed ?? []) {
                assert.doesNotMatch(other, form);
            }
        }
    });

    test('messages of every kind are collected', () => {
        for (const [file, role, text] of [
            ['emulator/language/', 'error', /must be a multiple of/],
            ['emulator/diagnosis/', 'message', /is handed over/],
            ['emulator/runtime/natives/', 'method', /EINVAL/],
            ['emulator/cli/', 'CHECK_HELP', /^Exit code: 0/m],
            ['debug-adapter/', 'new RequestError', /memory image/],
            ['package.json', 'description', /./],
            ['extension/', 'showErrorMessage', /./],
        ] as const) {
            assert.ok(
                all.some((t) => t.file.startsWith(file) && t.role === role && text.test(t.text)),
                `${file} ${role}`,
            );
        }
    });

    test('none has a banned form', () => {
        const texts = [...all, ...pages()].filter((t) => !isQuoted(t));
        const found = BANNED.flatMap(({ form, instead }) =>
            texts.filter((t) => form.test(t.text)).map((t) => `${t.file}:${t.line}: ${t.text}\n    write ${instead}`),
        );
        assert.deepEqual(found, []);
    });
});
