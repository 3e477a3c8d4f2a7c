/** The formatter on all shipped code, as it is and with other spaces: it never changes what a file says. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from '../../emulator/language/syntax/parser';
import { format, formatEdits } from '../../emulator/services/format/format';
import { edited } from '../../emulator/services/rename';
import { SHIPPED_SOURCES } from '../../emulator/std/texts';
import { EVERYTHING } from '../support/language-samples';
import { Random } from '../support/random';
import { inRepository } from '../support/repository';

function formatted(text: string): string {
    const result = format('a.lus', text);
    return 'text' in result ? result.text : assert.fail(result.refused);
}

/** The tree without places, and the comments without the spaces at their end. */
function meaning(text: string): string {
    const { file, diagnostics } = parse('a.lus', text);
    assert.deepEqual(diagnostics, [], text);
    const comments = file.comments.map((c) => text.slice(c.start, c.end).trimEnd());
    return JSON.stringify([file.items, comments], (key, value: unknown) => {
        if (key === 'start' || key === 'end') {
            return undefined;
        }
        return typeof value === 'bigint' ? `${value}n` : value;
    });
}

function shipped(): Map<string, string> {
    const texts = new Map(SHIPPED_SOURCES);
    for (const folder of ['extension/examples', 'test/catalogue']) {
        for (const name of readdirSync(inRepository(folder)).filter((f) => f.endsWith('.lus'))) {
            texts.set(name, readFileSync(inRepository(folder, name), 'utf8'));
        }
    }
    return texts;
}

/** The same code with other spaces and blank lines between its tokens, and other indentation. */
function scrambled(text: string, random: Random): string {
    const lines = text.split('\n').map((line) => {
        const [code = '', comment = ''] = splitComment(line);
        const spaced = code
            .trim()
            .replace(/("(?:[^"\\]|\\.)*")|([ ]+)|([{};,])/g, (whole, string?: string, space?: string) => {
                if (string !== undefined) {
                    return string;
                }
                return space === undefined
                    ? `${' '.repeat(random.below(2))}${whole}${' '.repeat(random.below(2))}`
                    : ' '.repeat(1 + random.below(3));
            });
        const gap = comment !== '' && spaced !== '' ? ' '.repeat(random.below(9)) : '';
        return `${' '.repeat(random.below(13))}${random.below(20) === 0 ? '\t' : ''}${spaced}${gap}${comment}${' '.repeat(random.below(2))}`;
    });
    return lines.map((l) => (l.trim() === '' && random.below(3) === 0 ? '\n\n' : l)).join('\n');
}

function splitComment(line: string): [string, string] {
    let inString = false;
    for (let i = 0; i < line.length; i++) {
        if (line[i] === '"' && line[i - 1] !== '\\') {
            inString = !inString;
        } else if (!inString && line.startsWith('//', i)) {
            return [line.slice(0, i), line.slice(i)];
        }
    }
    return [line, ''];
}

suite('formatter', () => {
    test('shipped code is formatted', () => {
        const wrong = [...shipped()].filter(([, text]) => formatted(text) !== text).map(([name]) => name);
        assert.deepEqual(wrong, [], 'run `lus fmt` on them');
    });

    test('a text means the same afterwards, and the formatter has nothing more to do', () => {
        const random = new Random(7);
        let seen = 0;
        for (const [name, text] of [...shipped(), ['everything', EVERYTHING] as const]) {
            for (const variant of [text, scrambled(text, random), scrambled(text, random)]) {
                if (parse(name, variant).diagnostics.length > 0) {
                    continue;
                }
                seen++;
                const result = formatted(variant);
                assert.equal(meaning(result), meaning(variant), name);
                assert.equal(formatted(result), result, `${name}: formatted twice`);
                const whole = format(name, variant);
                assert.ok('text' in whole);
                assert.equal(edited(variant, formatEdits(variant, whole)), result, `${name}: the edits`);
            }
        }
        assert.ok(seen > 400, `${seen} texts`);
    }).timeout(60_000);
});
