/** Messages and pages have no form of test/messages/banned.ts. */
import assert from 'node:assert/strict';
import { BANNED, isQuoted } from '../../messages/banned';
import { messages, pages } from '../../messages/collect';

suite('messages and pages', () => {
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

    test('messages of every kind are collected', async () => {
        const all = await messages();
        for (const [file, role, text] of [
            ['emulator/language/', 'error', /is not defined/],
            ['emulator/diagnosis/', 'message', /is handed over/],
            ['emulator/runtime/natives/', 'method', /EINVAL/],
            ['emulator/cli/', '', /^Exit code: 0/],
            ['debug-adapter/', 'new RequestError', /memory image/],
            ['package.json', 'description', /./],
            ['extension/', 'showErrorMessage', /./],
        ] as const) {
            assert.ok(
                all.some((t) => t.file.startsWith(file) && (role === '' || t.role === role) && text.test(t.text)),
                `${file} ${role}`,
            );
        }
    });

    test('none has a banned form', async () => {
        const all = [...(await messages()), ...pages()].filter((t) => !isQuoted(t));
        const found = BANNED.flatMap(({ form, instead }) =>
            all.filter((t) => form.test(t.text)).map((t) => `${t.file}:${t.line}: ${t.text}\n    write ${instead}`),
        );
        assert.deepEqual(found, []);
    });
});
