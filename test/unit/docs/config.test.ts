/** The settings of lus.config.json: their page and their schema, from one table. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import * as z from 'zod';
import { CONFIG, CONFIG_DOCS, CONFIG_FILE } from '../../../emulator/cli/suite/config';
import { inRepository } from '../../support/repository';

const SCHEMA = inRepository('extension', 'schemas', 'lus.config.schema.json');

/** The schema that editors use. */
function schema(): string {
    const { $schema, properties, ...rest } = z.toJSONSchema(CONFIG, { target: 'draft-7' });
    const described = Object.entries(properties ?? {}).map(([name, property]) => {
        const doc = Object.entries(CONFIG_DOCS).find(([key]) => key === name)?.[1];
        assert.ok(typeof property === 'object');
        return [name, doc === undefined ? property : { description: doc, ...property }];
    });
    const title = 'Settings of lus run';
    return `${JSON.stringify({ $schema, title, ...rest, properties: Object.fromEntries(described) }, undefined, 2)}\n`;
}

suite(CONFIG_FILE, () => {
    test('the schema is that of the settings (UPDATE_DOCS=1 writes it)', () => {
        if (process.env['UPDATE_DOCS'] === '1') {
            mkdirSync(path.dirname(SCHEMA), { recursive: true });
            writeFileSync(SCHEMA, schema());
        }
        assert.equal(readFileSync(SCHEMA, 'utf8'), schema());
    });

    test('the page about the command line has the table', () => {
        const page = readFileSync(inRepository('extension', 'docs', 'command-line.md'), 'utf8');
        const rows = Object.entries(CONFIG_DOCS).map(([name, doc]) => `| \`${name}\` | ${doc} |\n`);
        assert.ok(page.includes(`| setting | meaning |\n|---|---|\n${rows.join('')}\n`), rows.join(''));
    });
});
