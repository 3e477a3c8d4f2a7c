/** Parser and checker on texts that nobody writes: prefixes, mutations, endless nesting. */
import assert from 'node:assert/strict';
import { PAGES_4K } from '../../emulator/machine/arch';
import { check, checkStd } from '../../emulator/language/check/check';
import { parse } from '../../emulator/language/syntax/parser';
import { NATIVES, STD } from '../support/checker-natives';
import { EVERYTHING, NIC, TOUR } from '../support/language-samples';
import { read } from '../support/parsing';
import { Random } from '../support/random';

suite('language: parser', () => {
    test('reads every prefix of the samples', () => {
        for (const text of [TOUR, NIC, EVERYTHING]) {
            for (let n = 0; n <= text.length; n++) {
                read(text.slice(0, n));
            }
        }
    });

    test('reads random mutations', () => {
        let state = 12345;
        const random = (n: number): number => {
            state = (Math.imul(state, 1103515245) + 12345) >>> 0;
            return Math.floor((state / 2 ** 32) * n);
        };
        const pieces = [
            '{',
            '}',
            '(',
            ')',
            '[',
            ']',
            '\n',
            ';',
            ',',
            '.',
            '=',
            '"',
            ' ',
            ':',
            '..',
            '-',
            '!',
            '@',
            'if ',
            'else',
            'try ',
            'fails ',
            'scenario "x" {',
            '0x',
            '\\',
            'é',
        ];
        for (const text of [TOUR, NIC, EVERYTHING]) {
            for (let n = 0; n < 400; n++) {
                let mutated = text;
                for (let k = random(4); k >= 0; k--) {
                    const at = random(mutated.length);
                    mutated =
                        mutated.slice(0, at) +
                        (pieces[random(pieces.length)] ?? '') +
                        mutated.slice(at + random(3) * random(20));
                }
                read(mutated);
            }
        }
    });

    test('reads deep nesting and long broken files', () => {
        for (const unit of [
            '(',
            '[',
            '{',
            '-',
            'f(',
            'if a {',
            'try ',
            'a.',
            '1 +',
            'x = {',
            '} ',
            'else if a { ',
            '{ }\n',
            'f(\n',
            '{\n ',
            'a, ',
            '"',
            '\\',
            'x = f(1\n',
        ]) {
            const text = `scenario "s" {\n${unit.repeat(50_000)}\n}\n`;
            const { file } = parse('long.lus', text);
            assert.equal(file.end, text.length, unit);
            assert.ok(
                file.items.some((item) => item.kind === 'scenario'),
                unit,
            );
        }
    });
});

suite('language: checker', () => {
    const std = checkStd([{ uri: 'std/memfd.lus', text: STD }], NATIVES, PAGES_4K);
    const checked = (text: string): void => {
        check({ read: (uri) => (uri === 'a.lus' ? text : undefined) }, 'a.lus', NATIVES, std);
    };

    test('no mutation of a file makes the checker fail', () => {
        const random = new Random(7);
        const words = [...new Set(`${TOUR}${NIC}`.split(/\b/))];
        for (const text of [TOUR, NIC]) {
            for (let n = 0; n < 150; n++) {
                const parts = text.split(/\b/);
                for (let k = random.below(6); k >= 0; k--) {
                    parts.splice(random.below(parts.length), random.below(3), random.pick(words));
                }
                checked(parts.join(''));
            }
        }
    });

    test('no prefix of a file makes the checker fail', () => {
        for (const text of [TOUR, NIC]) {
            for (let n = 0; n < text.length; n += 3) {
                checked(text.slice(0, n));
            }
        }
    });
});
