/**
 * The scenarios of known bugs, `test/known-bugs/luo_finish_reserved.lus` and so on, and the page of the documentation.
 * The comment at the top of a file is its text there. A scenario is named after the version of Linux that it boots:
 * those that have the bug show it, the others show that it is not there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { CATALOGUE, isDiagnosisCode } from '../../emulator/findings/catalogue';
import type { KnownBug } from '../../emulator/kernel/release/known-bug';
import { KNOWN_BUGS } from '../../emulator/kernel/release/known-bugs';
import type { Span } from '../../emulator/kernel/release/version';
import { entries, entryName, type Entry } from './catalogue';
import { inRepository } from './repository';

export const FOLDER = inRepository('test', 'known-bugs');

export interface Shown {
    readonly bug: KnownBug;
    readonly file: string;
    /** Paragraphs, without the `//`. */
    readonly text: string;
    /** What stands below the comment. */
    readonly code: string;
    /** The codes behind `finds`, of all its scenarios. */
    readonly finds: readonly string[];
}

/** The rows in their order. */
export const ROWS: readonly KnownBug[] = Object.values(KNOWN_BUGS).flat();

/** The names of the files. */
export function filesThere(): string[] {
    return readdirSync(FOLDER)
        .filter((f) => f.endsWith('.lus'))
        .map((f) => f.slice(0, -4))
        .sort();
}

export function shownHere(): Shown[] {
    return ROWS.filter((bug) => bug.shown === 'here').map((bug) => {
        const file = path.join(FOLDER, `${bug.name}.lus`);
        const source = readFileSync(file, 'utf8');
        const [comment = ''] = /^(?:\/\/.*\n)*/.exec(source) ?? [];
        return {
            bug,
            file,
            text: comment.replace(/^\/\/ ?/gm, '').trim(),
            code: source.slice(comment.length).trim(),
            finds: [
                ...new Set(
                    [...source.matchAll(/^scenario "[^"]*" finds (LU\d{4}(?:, LU\d{4})*)/gm)].flatMap((m) =>
                        (m[1] ?? '').split(', '),
                    ),
                ),
            ],
        };
    });
}

/** `6.19 – 7.1, without 7.0.4 and later of its series`: the versions of a span. */
function versionsOf({ since, fixed, stable = [] }: Span): string {
    return `${since} to before ${fixed}${stable.map((s) => `, not ${s} and later`).join('')}`;
}

const anchor = (text: string): string =>
    text
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-');

const codeLink = (code: string): string =>
    `[${code}](diagnoses.md#${anchor(`${code}: ${isDiagnosisCode(code) ? CATALOGUE[code].title : ''}`)})`;

const PARTS: Readonly<Record<keyof typeof KNOWN_BUGS, string>> = {
    KHO: 'Kexec handover',
    LUO: 'The Live Update Orchestrator',
    memfd: 'Memory files',
};

/** Where a row is shown, or why it is not. */
function verdict(bug: KnownBug, all: readonly Entry[]): string {
    if (typeof bug.shown === 'object') {
        return `not shown: ${bug.shown.not}`;
    }
    if (bug.shown === 'here') {
        return `[shown](#${anchor(bug.name)})`;
    }
    const entry = all.find((e) => entryName(e.number) === bug.shown);
    return entry ? `[${bug.shown}](failures.md#${anchor(`${entryName(entry.number)} ${entry.title}`)})` : bug.shown;
}

/** The page of the documentation. */
export function knownBugsPage(intro: string): string {
    const all = entries();
    const lines = [intro.trimEnd()];
    for (const [part, title] of Object.entries(PARTS)) {
        const bugs = ROWS.filter((bug) => KNOWN_BUGS[part as keyof typeof PARTS].includes(bug));
        lines.push(
            '',
            `## ${title}`,
            '',
            '| bug | what goes wrong | in | mended by | |',
            '|---|---|---|---|---|',
            ...bugs.map(
                (bug) =>
                    `| \`${bug.name}\`${bug.flaw === undefined ? '' : ' ●'} | ${bug.what} | ${bug.in.map(versionsOf).join('; ') || '–'} | ${bug.fixes.join(', ')} | ${verdict(bug, all)} |`,
            ),
        );
    }
    lines.push('', '## What is inferred', '', '| bug | |', '|---|---|');
    for (const bug of ROWS) {
        if (bug.inferred !== undefined) {
            lines.push(`| \`${bug.name}\` | ${bug.inferred} |`);
        }
    }
    lines.push('', '## Scenarios');
    for (const { bug, text, code, finds } of shownHere()) {
        const found = finds.map((c) => `${codeLink(c)} (${isDiagnosisCode(c) ? CATALOGUE[c].title : ''})`).join(', ');
        lines.push(
            '',
            `### ${bug.name}`,
            '',
            `*${bug.what[0]?.toUpperCase() ?? ''}${bug.what.slice(1)}*${found === '' ? '' : `, found as ${found}`}`,
            '',
            text,
            '',
            '```lus',
            code,
            '```',
        );
    }
    return `${lines.join('\n')}\n`;
}
