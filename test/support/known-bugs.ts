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
import { capital } from '../../emulator/text/text';
import { entries, entryName, type Entry } from './catalogue';
import { inRepository } from './repository';

const FOLDER = inRepository('test', 'known-bugs');

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

const INTRO = `# Known bugs by release

<!-- written from emulator/kernel/release/known-bugs*.ts and test/known-bugs by UPDATE_DOCS=1 npm run unit -- test/proofs/known-bugs.test.ts -->

What releases of Linux got wrong in kexec handover and live update, and where it was fixed: a row for each fix. Every version has the bugs
that it had in reality, \`"7.2.3"\` others than \`"7.2.4"\`, and \`"7.2-rc4"\` others than \`"7.2-rc5"\`; which versions there are says
[the page about kernels](kernels.md). Where a bug shows in what the kernel does, a scenario shows it, below or in
[the list of failures](failures.md): the first version has it, the second has not. Where none can, the last column says why.

Rows with ● can be switched by their names: \`kernel "old" from "7.1" { flaws - luo_stale_session }\` makes a kernel of the code of 7.1
without the bug, \`flaws luo_finish_reserved\` one with a bug that its version has not. What only some builds of a kernel have asks for a
setting: \`deferred_init on\`, \`kfence on\`. \`lus compat\` names the bugs that decide what becomes of an update.

A release candidate of the series is meant where the fix has one; a fix in a stable release stands behind it. Nothing is known of stable
releases that are not named: they are taken to have what the first release of their series has. What else is inferred stands in
[a table of its own](#what-is-inferred).

Not in these tables, because nobody has fixed them yet, in 7.2.13 and 7.3.4 either: the empty block behind a refused name
([F-07](failures.md#f-07-a-refused-name-when-a-block-of-sessions-is-full)), a descriptor that its owner never hears of
(F-47, F-57), an FLB that was never retrieved (F-83), and \`MFD_NOEXEC_SEAL\` (F-93).
`;

/** `7.1`, or `7.0.8` where a stable release is meant. */
const sinceOf = (spans: readonly Span[]): string => spans.map(({ since }) => since).join('; ');
const fixedOf = (spans: readonly Span[]): string =>
    spans.map(({ fixed, stable = [] }) => [fixed, ...stable].join(', ')).join('; ');

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
export function knownBugsPage(): string {
    const all = entries();
    const lines = [INTRO.trimEnd()];
    for (const [part, title] of Object.entries(PARTS)) {
        const bugs = ROWS.filter((bug) => KNOWN_BUGS[part as keyof typeof PARTS].includes(bug));
        lines.push(
            '',
            `## ${title}`,
            '',
            '| bug | what goes wrong | since | fixed in | by | |',
            '|---|---|---|---|---|---|',
            ...bugs.map(
                (bug) =>
                    `| \`${bug.name}\`${bug.flaw === undefined ? '' : ' ●'} | ${bug.what} | ${sinceOf(bug.in) || '–'} | ${fixedOf(bug.in) || '–'} | ${bug.fixes.join(', ')} | ${verdict(bug, all)} |`,
            ),
        );
    }
    lines.push('', '## What is inferred', '', '| bug | |', '|---|---|');
    for (const { name, inferred } of ROWS) {
        if (inferred !== undefined) {
            lines.push(`| \`${name}\` | ${inferred} |`);
        }
    }
    lines.push('', '## Scenarios');
    for (const { bug, text, code, finds } of shownHere()) {
        const found = finds.map((c) => `${codeLink(c)} (${isDiagnosisCode(c) ? CATALOGUE[c].title : ''})`).join(', ');
        lines.push(
            '',
            `### ${bug.name}`,
            '',
            `*${capital(bug.what)}*${found === '' ? '' : `, found as ${found}`}`,
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
