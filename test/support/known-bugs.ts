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
import { KNOWN_BUG_PAGES, type KnownBugPage } from './known-bug-pages';
import type { Span } from '../../emulator/kernel/release/version';
import { capital } from '../../emulator/text/text';
import { codeLink, entries, entryName, failureLink, type Entry } from './catalogue';
import { inRepository } from './repository';

const FOLDER = inRepository('test', 'known-bugs');

export interface Shown {
    readonly bug: Row;
    readonly file: string;
    /** Paragraphs, without the `//`. */
    readonly text: string;
    /** What stands below the comment. */
    readonly code: string;
    /** The codes behind `finds`, of all its scenarios. */
    readonly finds: readonly string[];
}

/** A known bug, with what the page says of it. */
export type Row = KnownBug & KnownBugPage;

/** The rows in their order. */
export const ROWS: readonly Row[] = Object.values(KNOWN_BUGS)
    .flat()
    .map((bug) => {
        const page = KNOWN_BUG_PAGES[bug.name];
        if (!page) {
            throw new RangeError(`test/support/known-bug-pages.ts says nothing of ${bug.name}`);
        }
        return { ...bug, ...page };
    });

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

This page lists every known bug of Linux releases in kexec handover and live update, with its fix. Every version of the emulator's kernels has
the bugs that it had in reality: \`"7.2.3"\` has others than \`"7.2.4"\`, and \`"7.2-rc4"\` others than \`"7.2-rc5"\`. The page about
[kernels](kernels.md) lists the versions. If a bug has a visible effect, a scenario shows it, below or on the page about
[failures](failures.md): in a version with the bug, and in one without it. Otherwise the last column contains the reason.

Bugs with ● can be switched by their names: \`kernel "old" from "7.1" { flaws - luo_stale_session }\` is 7.1 without this bug, \`flaws
luo_finish_reserved\` adds a bug that the version does not have. Bugs that depend on the configuration need a setting of the kernel:
\`deferred_init on\` or \`kfence on\`. \`lus compat\` names the bugs that decide whether an update works.

The column *fixed in* contains the first version of the main line with the fix, a release candidate if it was one, and then the first stable releases.
Stable releases that are not listed are assumed to have the bugs of their series. Other assumptions are listed under [Inferred](#inferred).

The tables do not contain bugs that are not fixed yet, in 7.2.13 and 7.3.4 either: the empty block after a refused name
([F-07](failures-handover.md#f-07-a-refused-name-when-a-block-of-sessions-is-full)), a descriptor that is never returned to its caller (F-47, F-57), an FLB that was never retrieved (F-83), and
\`MFD_NOEXEC_SEAL\` (F-93).
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

const PARTS: Readonly<Record<keyof typeof KNOWN_BUGS, string>> = {
    KHO: 'Kexec handover',
    LUO: 'The Live Update Orchestrator',
    memfd: 'Memory files',
};

/** Where a row is shown, or why it is not. */
function verdict(bug: Row, all: readonly Entry[]): string {
    if (typeof bug.shown === 'object') {
        return `not shown: ${bug.shown.not}`;
    }
    if (bug.shown === 'here') {
        return `[shown](#${anchor(bug.name)})`;
    }
    const entry = all.find((e) => entryName(e.number) === bug.shown);
    return entry ? `[${bug.shown}](${failureLink(entry)})` : bug.shown;
}

/** The page of the documentation. */
export function knownBugsPage(): string {
    const all = entries();
    const lines = [INTRO.trimEnd()];
    for (const [part, title] of Object.entries(PARTS)) {
        const bugs = ROWS.filter(({ name }) => KNOWN_BUGS[part as keyof typeof PARTS].some((bug) => bug.name === name));
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
    lines.push('', '## Inferred', '', '| bug | |', '|---|---|');
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
