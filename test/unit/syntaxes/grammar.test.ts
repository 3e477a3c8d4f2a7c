/** The grammar colours what the language has: each token of all shipped code, compared with the parser. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import type { IGrammar } from 'vscode-textmate';
import { DEVICE_SETTINGS } from '../../../emulator/language/settings/device';
import { KERNEL_ENTRIES } from '../../../emulator/language/settings/kernel';
import { MACHINE_SETTINGS } from '../../../emulator/language/settings/machine';
import { parse } from '../../../emulator/language/syntax/parser';
import { KEYWORDS } from '../../../emulator/services/keywords';
import { SHIPPED_SOURCES } from '../../../emulator/std/texts';
import { NATIVES } from '../../support/checker-natives';
import { blocksOf, fileOf, PAGES } from '../../support/documentation';
import { loadGrammar, scopesOf } from '../../support/grammar';
import { expectedScopes } from '../../support/grammar-roles';
import { EVERYTHING, NIC, TOUR } from '../../support/language-samples';
import { inRepository } from '../../support/repository';

/** The scenario files of a folder, by their paths. */
function filesIn(folder: string): [string, string][] {
    return readdirSync(inRepository(folder))
        .filter((name) => name.endsWith('.lus'))
        .map((name) => [`${folder}/${name}`, readFileSync(inRepository(folder, name), 'utf8')]);
}

/** The tokens to which the grammar gives another scope than their role in the tree needs. */
function miscoloured(grammar: IGrammar, name: string, text: string): string[] {
    const scopes = scopesOf(grammar, text);
    const { file } = parse(name, text);
    const wrong = expectedScopes(file).flatMap(({ start, end, role, scope }) => {
        const at = Array.from({ length: end - start }, (_, i) => start + i).find(
            (i) => !scope.test(scopes[i]?.at(-1) ?? ''),
        );
        return at === undefined ? [] : [{ at, what: `${role} \`${text.slice(start, end)}\` is ${scopes[at]?.at(-1)}` }];
    });
    return wrong.map(({ at, what }) => `${name}:${text.slice(0, at).split('\n').length}: ${what}`);
}

suite('syntaxes: the grammar', () => {
    let grammar: IGrammar;

    suiteSetup(async () => {
        grammar = await loadGrammar();
    });

    const coloured = (texts: Iterable<readonly [string, string]>): void => {
        const wrong = [...texts].flatMap(([name, text]) => miscoloured(grammar, name, text));
        assert.deepEqual(wrong, []);
    };

    test('the code of the emulator', () => {
        coloured(SHIPPED_SOURCES);
    });

    test('the examples', () => {
        coloured(filesIn('extension/examples'));
    });

    test('the blocks of the documentation', () => {
        coloured(
            PAGES.flatMap(blocksOf)
                .filter((b) => b.errors.length === 0)
                .map((b) => [b.name, fileOf(b)]),
        );
    });

    test('the scenarios of failures, of known bugs and of tests of the kernel', () => {
        coloured([...filesIn('test/catalogue'), ...filesIn('test/known-bugs'), ...filesIn('test/peers')]);
    });

    test('every kind of statement', () => {
        coloured(Object.entries({ TOUR, NIC, EVERYTHING }));
    });

    test('words of the language where they are names', () => {
        const words = new Set([
            ...Object.values(KEYWORDS).flatMap((of) => Object.keys(of)),
            ...[MACHINE_SETTINGS, DEVICE_SETTINGS].flatMap((of) => Object.keys(of)),
            ...KERNEL_ENTRIES.keys(),
            ...NATIVES.callbacks.handler.keys(),
        ]);
        const texts = [...words].map((word) => {
            const uses = `${word} = 1; x = 2 * ${word}; y.${word} = x.${word} + f(${word}, ${word}: -${word})`;
            return [word, `scenario "s" {\n    boot "7.2"\n    process p {\n        ${uses}\n    }\n}\n`] as const;
        });
        const names = texts.filter(([name, text]) => parse(name, text).diagnostics.length === 0);
        assert.ok(names.length > 40, `${names.length} of ${texts.length}`);
        coloured(names);
    });
});
