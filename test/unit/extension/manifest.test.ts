/** The manifest of the extension says what the code does. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { COMMANDS, DEBUG_TYPE, LANGUAGE, SETTINGS_SECTION } from '../../../extension/contributions';
import { hintSettings } from '../../../extension/language-server/hint-settings';
import { inRepository } from '../../support/repository';

const file = z.object({ path: z.string() });

const attributesSchema = z.object({ properties: z.record(z.string(), z.unknown()) });

const manifestSchema = z.object({
    main: z.string(),
    icon: z.string(),
    bin: z.record(z.string(), z.string()),
    activationEvents: z.array(z.string()),
    dependencies: z.record(z.string(), z.string()).optional(),
    engines: z.object({ vscode: z.string(), node: z.string() }),
    devDependencies: z.record(z.string(), z.string()),
    contributes: z.object({
        languages: z.array(
            z.object({
                id: z.string(),
                configuration: z.string(),
                icon: z.object({ light: z.string(), dark: z.string() }),
            }),
        ),
        grammars: z.array(file.extend({ language: z.string() })),
        breakpoints: z.array(z.object({ language: z.string() })),
        debuggers: z.array(
            z.object({
                type: z.string(),
                languages: z.array(z.string()),
                configurationAttributes: z.object({ launch: attributesSchema, attach: attributesSchema }),
                configurationSnippets: z.array(z.object({ body: z.record(z.string(), z.unknown()) })),
                initialConfigurations: z.array(z.record(z.string(), z.unknown())),
            }),
        ),
        commands: z.array(
            z.object({
                command: z.string(),
                category: z.string(),
                icon: z.optional(z.union([z.string(), z.object({ light: z.string(), dark: z.string() })])),
            }),
        ),
        menus: z.record(z.string(), z.array(z.object({ command: z.string() }))),
        keybindings: z.array(z.object({ command: z.string(), key: z.string(), when: z.string() })),
        configuration: z.object({ properties: z.record(z.string(), z.object({ default: z.unknown() })) }),
    }),
});

const manifest = manifestSchema.parse(JSON.parse(readFileSync(inRepository('package.json'), 'utf8')));
const { contributes } = manifest;

/** Attributes that VS Code itself gives every launch configuration. */
const STANDARD_ATTRIBUTES = ['type', 'request', 'name', 'noDebug'];

suite('manifest', () => {
    test('the commands of the manifest are those of the code', () => {
        const declared = contributes.commands.map((c) => c.command).sort();
        const registered: readonly string[] = Object.values(COMMANDS).sort();
        assert.deepEqual(declared, registered);
        assert.deepEqual([...new Set(contributes.commands.map((c) => c.category))], ['Live Update']);
        for (const { command } of Object.values(contributes.menus).flat()) {
            assert.ok(declared.includes(command), command);
        }
    });

    test('keys are for debug sessions of ours, and each has one meaning', () => {
        for (const { command, when } of contributes.keybindings) {
            assert.match(when, /debugType == 'lus' && debugState == 'stopped'/, command);
        }
        const keys = contributes.keybindings.map((k) => k.key);
        assert.deepEqual([...new Set(keys)], keys);
        // those of VS Code while something is debugged, and what it has them for
        const taken = ['f5', 'f6', 'f9', 'f10', 'f11', 'shift+f5', 'shift+f9', 'shift+f10', 'shift+f11', 'ctrl+f5'];
        const more = ['ctrl+f11', 'ctrl+shift+f5', 'ctrl+shift+f10', 'alt+f1', 'alt+f3', 'alt+f5', 'alt+f8', 'alt+f12'];
        assert.deepEqual(
            keys.filter((k) => [...taken, ...more].includes(k)),
            [],
        );
    });

    test('language and debug type are those of the code', () => {
        const [language] = contributes.languages;
        const [dbg] = contributes.debuggers;
        assert.equal(language?.id, LANGUAGE);
        assert.equal(dbg?.type, DEBUG_TYPE);
        assert.deepEqual(dbg.languages, [LANGUAGE, 'jsonl']);
        assert.deepEqual(
            contributes.breakpoints.map((b) => b.language),
            [LANGUAGE, 'jsonl'],
        );
        for (const { language: id } of contributes.grammars) {
            assert.equal(id, LANGUAGE);
        }
        assert.deepEqual(manifest.activationEvents, [
            `onLanguage:${LANGUAGE}`,
            `onDebugResolve:${DEBUG_TYPE}`,
            `onDebugDynamicConfigurations:${DEBUG_TYPE}`,
        ]);
    });

    test('the settings of the manifest are those that the code reads, with the same defaults', () => {
        const source = readFileSync(inRepository('extension', 'settings.ts'), 'utf8');
        // extension/settings.ts needs an editor to be imported; its schema is plain enough to be read as text.
        const entries = [...source.matchAll(/^ {4}(\w+): z\.catch\(z\.\w+\([^)]*\), (.*)\),$/gm)];
        const read = new Map(entries.map(([, name, fallback]) => [`${SETTINGS_SECTION}.${name}`, fallback]));
        const declared = Object.entries(contributes.configuration.properties).filter(
            ([key]) => key !== 'lus.trace.server' && !key.startsWith('lus.inlayHints.'),
        );
        assert.ok(read.size > 0);
        assert.deepEqual(
            new Map(declared.map(([key, { default: value }]) => [key, JSON.stringify(value).replaceAll('"', "'")])),
            read,
        );
    });

    test('the settings that the language server asks for have its defaults', () => {
        const declared = Object.entries(contributes.configuration.properties)
            .filter(([key]) => key.startsWith('lus.inlayHints.'))
            .map(([key, { default: value }]) => [key.replace('lus.inlayHints.', ''), value]);
        assert.deepEqual(Object.fromEntries(declared), hintSettings(undefined));
    });

    test('snippets of launch.json use only attributes that exist', () => {
        const [dbg] = contributes.debuggers;
        assert.ok(dbg);
        const { launch, attach } = dbg.configurationAttributes;
        for (const body of [...dbg.configurationSnippets.map((s) => s.body), ...dbg.initialConfigurations]) {
            assert.equal(body['type'], DEBUG_TYPE);
            const known = Object.keys((body['request'] === 'attach' ? attach : launch).properties);
            for (const key of Object.keys(body)) {
                assert.ok([...STANDARD_ATTRIBUTES, ...known].includes(key), key);
            }
        }
    });

    test('every file that the manifest names exists', () => {
        const [language] = contributes.languages;
        assert.ok(language);
        const files = [
            manifest.icon,
            language.configuration,
            language.icon.light,
            language.icon.dark,
            ...contributes.grammars.map((g) => g.path),
            ...contributes.commands.flatMap(({ icon }) => (typeof icon === 'object' ? [icon.light, icon.dark] : [])),
        ];
        for (const name of files) {
            assert.ok(existsSync(inRepository(name)), name);
        }
    });

    test('what ships depends on no package, and on no newer editor than is tested', () => {
        assert.equal(manifest.dependencies, undefined);
        assert.equal(manifest.engines.vscode, '^1.100.0');
        assert.match(manifest.devDependencies['@types/vscode'] ?? '', /^~1\.100\./);
    });
});
