/** The files for other editors have the names, types and launch attributes that the debug adapter knows. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { FILTERS } from '../../../debug-adapter/filters';
import { DEBUG_TYPE, LANGUAGE } from '../../../extension/contributions';
import { inRepository } from '../../support/repository';

const textOf = (...names: readonly string[]): string => readFileSync(inRepository('extension', ...names), 'utf8');

const attributesSchema = z.object({ properties: z.record(z.string(), z.unknown()) });
const manifestSchema = z.object({
    contributes: z.object({
        languages: z.array(z.object({ id: z.string(), aliases: z.array(z.string()).optional() })),
        debuggers: z.tuple([
            z.object({ configurationAttributes: z.object({ launch: attributesSchema, attach: attributesSchema }) }),
        ]),
    }),
});
const { contributes } = manifestSchema.parse(JSON.parse(readFileSync(inRepository('package.json'), 'utf8')));
const { launch, attach } = contributes.debuggers[0].configurationAttributes;
const LAUNCH = new Set(['type', 'request', 'name', ...Object.keys(launch.properties)]);
const ANY = new Set([...LAUNCH, ...Object.keys(attach.properties)]);

const properties = (text: unknown): string[] => Object.keys(z.record(z.string(), z.unknown()).parse(text));

function assertKnown(names: readonly string[], known: ReadonlySet<string>): void {
    assert.ok(names.length > 0);
    assert.deepEqual(
        names.filter((name) => !known.has(name)),
        [],
    );
}

/** The value behind a key of a TOML file that has it once. */
function tomlValue(text: string, key: string): string {
    return new RegExp(`^${key} = (.*)$`, 'm').exec(text)?.[1] ?? '';
}

suite('extension: configurations for other editors', () => {
    test('the page about other editors links to each of them', () => {
        const page = textOf('docs', 'other-editors.md');
        for (const name of readdirSync(inRepository('extension', 'editors'))) {
            assert.ok(page.includes(`](../editors/${name}`), name);
        }
    });

    test('IntelliJ: launch parameters, and a template for the language server', () => {
        const parameters: unknown = JSON.parse(textOf('editors', 'intellij', 'launch.json'));
        assertKnown(properties(parameters), LAUNCH);
        assert.equal(z.object({ type: z.string() }).parse(parameters).type, DEBUG_TYPE);
        const { fileTypeMappings } = z
            .object({
                fileTypeMappings: z.array(
                    z.object({ fileType: z.object({ patterns: z.array(z.string()) }), languageId: z.string() }),
                ),
            })
            .parse(JSON.parse(textOf('editors', 'intellij', 'template.json')));
        assert.deepEqual(fileTypeMappings, [{ fileType: { patterns: [`*.${LANGUAGE}`] }, languageId: LANGUAGE }]);
    });

    test('vimspector: an adapter and a configuration for it', () => {
        const { adapters, configurations } = z
            .object({
                adapters: z.record(z.string(), z.object({ command: z.array(z.string()) })),
                configurations: z.record(
                    z.string(),
                    z.object({
                        adapter: z.string(),
                        filetypes: z.array(z.string()),
                        configuration: z.unknown(),
                        breakpoints: z.object({ exception: z.record(z.string(), z.string()) }),
                    }),
                ),
            })
            .parse(JSON.parse(textOf('editors', 'vimspector.json')));
        for (const { adapter, filetypes, configuration, breakpoints } of Object.values(configurations)) {
            assert.deepEqual(adapters[adapter]?.command, ['lus', 'dap']);
            assert.deepEqual(filetypes, [LANGUAGE]);
            assertKnown(properties(configuration), LAUNCH);
            // vimspector asks about each filter that has no answer here
            assert.deepEqual(
                Object.keys(breakpoints.exception),
                FILTERS.map((f) => f.filter),
            );
        }
    });

    test('Helix: the arguments of its template', () => {
        const text = textOf('editors', 'helix.toml');
        const [, inline = ''] = /^args = \{ (.*) \}$/m.exec(text) ?? [];
        assertKnown(
            [...inline.matchAll(/(\w+) = /g)].map((m) => m[1] ?? ''),
            LAUNCH,
        );
    });

    test('Zed: the parts of its extension name each other, and its schema has only known attributes', () => {
        const extension = textOf('editors', 'zed', 'extension.toml');
        const schema = JSON.parse(tomlValue(extension, 'schema_path'));
        assert.ok(existsSync(inRepository('extension', 'editors', 'zed', schema)));
        assertKnown(properties(attributesSchema.parse(JSON.parse(textOf('editors', 'zed', schema))).properties), ANY);
        const language = textOf('editors', 'zed', 'languages', LANGUAGE, 'config.toml');
        const name: string = JSON.parse(tomlValue(language, 'name'));
        assert.deepEqual(JSON.parse(tomlValue(extension, 'languages')), [name]);
        assert.deepEqual(JSON.parse(tomlValue(language, 'path_suffixes')), [LANGUAGE]);
        assert.ok(contributes.languages.some(({ id, aliases = [] }) => id === LANGUAGE && aliases.includes(name)));
        assert.match(extension, new RegExp(`^\\[debug_adapters\\.${DEBUG_TYPE}\\]$`, 'm'));
    });
});
