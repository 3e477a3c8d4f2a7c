/**
 * The catalogue of failures: `test/catalogue/F-40-agent-crash.lus` and so on. The comment at the top of a file is its
 * text in the documentation: number and title, severity, then what happens and how it is repaired.
 */
import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { CATALOGUE, isDiagnosisCode } from '../../emulator/findings/catalogue';
import { pageOfCode } from '../../emulator/services/documentation';
import { inRepository } from './repository';

export const FOLDER = inRepository('test', 'catalogue');

/** The severities of failures, as named in the second line of a file. */
const SEVERITIES = {
    Panic: 'a kernel panics, and everything that was handed over is lost',
    'Silent corruption': 'data is wrong, and no error is reported',
    'Data loss': 'data is lost',
    'Memory held': 'memory is unusable until the machine reboots',
    Hang: 'a process is blocked, possibly forever',
    'Clean error': 'a call fails or a line is logged, and nothing is lost',
} as const;

export type Severity = keyof typeof SEVERITIES;

export interface Entry {
    /** `F-40-agent-crash.lus` */
    readonly file: string;
    readonly number: number;
    readonly title: string;
    readonly severities: readonly Severity[];
    /** Paragraphs, without the `//`. */
    readonly text: string;
    /** The code below the comment. */
    readonly code: string;
    /** The codes after `finds`, of all its scenarios. */
    readonly finds: readonly string[];
    readonly repaired: boolean;
}

/** The parts of the list, each with a page, by their first numbers. */
const PARTS: readonly { readonly first: number; readonly title: string; readonly page: string }[] = [
    { first: 1, title: 'Handover and boot', page: 'failures-handover.md' },
    { first: 40, title: 'Sessions and agents', page: 'failures-sessions.md' },
    { first: 60, title: 'Files and their handlers', page: 'failures-files.md' },
    { first: 80, title: 'File-lifecycle-bound state (FLB)', page: 'failures-flbs.md' },
    { first: 90, title: 'Memory files', page: 'failures-memory-files.md' },
    { first: 110, title: 'Devices', page: 'failures-devices.md' },
    { first: 140, title: 'Order of steps', page: 'failures-order.md' },
    { first: 160, title: 'Met in practice', page: 'failures-practice.md' },
    { first: 201, title: 'Orphaned virtual machines', page: 'failures-orphans.md' },
    { first: 211, title: 'Confidential guests', page: 'failures-confidential.md' },
    { first: 221, title: 'State of devices', page: 'failures-device-state.md' },
    { first: 231, title: 'Crash kernels', page: 'failures-crash.md' },
    { first: 241, title: 'Agents and the kernel', page: 'failures-agents.md' },
    { first: 251, title: 'Disks and memory of devices', page: 'failures-device-memory.md' },
    { first: 261, title: 'Containers', page: 'failures-containers.md' },
    { first: 275, title: 'Formats', page: 'failures-formats.md' },
];

/**
 * All numbers of the catalogue. Those about confidential guests are left out;
 * from 160 on: failures met in use and in public reports; from 200 on: failures of proposals.
 * from 160 on: failures met in use and in public reports.
 */
export const NUMBERS: readonly number[] = (
    [
        [1, 36],
        [40, 59],
        [60, 79],
        [80, 87],
        [90, 101],
        [110, 132],
        [140, 150],
        [160, 168],
        [201, 205],
        [211, 217],
        [221, 225],
        [231, 233],
        [241, 243],
        [251, 258],
        [261, 273],
        [275, 278],
    ] as const
).flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));

export const entryName = (n: number): string => `F-${String(n).padStart(2, '0')}`;

/** @throws RangeError if the file does not begin with the comment of an entry */
function entryOf(file: string): Entry {
    const source = readFileSync(path.join(FOLDER, file), 'utf8');
    const [comment = ''] = /^(?:\/\/.*\n)*/.exec(source) ?? [];
    const lines = comment
        .split('\n')
        .slice(0, -1)
        .map((l) => l.replace(/^\/\/ ?/, ''));
    const head = /^F-(\d+) (\S.*)$/.exec(lines[0] ?? '');
    const severities = (lines[1] ?? '').replace(/\.$/, '').split(', ').filter(isSeverity);
    if (!head || severities.length === 0 || severities.join(', ') !== (lines[1] ?? '').replace(/\.$/, '')) {
        throw new RangeError(
            `${file} begins with "// F-NN Title" and a line of ${Object.keys(SEVERITIES).join(', ')}, with commas between`,
        );
    }
    return {
        file,
        number: Number(head[1]),
        title: head[2] ?? '',
        severities,
        text: lines.slice(2).join('\n').trim(),
        code: source.slice(comment.length).trim(),
        finds: [
            ...new Set(
                [...source.matchAll(/^scenario "[^"]*" finds (LU\d{4}(?:, LU\d{4})*)/gm)].flatMap((m) =>
                    (m[1] ?? '').split(', '),
                ),
            ),
        ],
        repaired: /^scenario "[^"]* repaired"/m.test(source),
    };
}

export function entries(): Entry[] {
    return readdirSync(FOLDER)
        .filter((f) => f.endsWith('.lus'))
        .map(entryOf)
        .sort((a, b) => a.number - b.number || (a.file < b.file ? -1 : 1));
}

function isSeverity(text: string): text is Severity {
    return Object.hasOwn(SEVERITIES, text);
}

/** The pages of the documentation, by name: the list, and one for each part of it. */
export function failuresPages(): Map<string, string> {
    const all = entries();
    return new Map([
        ['failures.md', listPage(all)],
        ...PARTS.map(({ page, title }): [string, string] => [
            page,
            partPage(
                title,
                all.filter((e) => partOf(e.number).page === page),
            ),
        ]),
    ]);
}

function partOf(number: number): (typeof PARTS)[number] {
    const part = PARTS.findLast(({ first }) => first <= number);
    if (!part) {
        throw new RangeError(`F-${number} belongs to no part`);
    }
    return part;
}

const WRITTEN = '<!-- written from test/catalogue by UPDATE_DOCS=1 npm run unit -- test/proofs/catalogue.test.ts -->';

function listPage(all: readonly Entry[]): string {
    const lines = [
        '# What can go wrong in a live update',
        '',
        WRITTEN,
        '',
        'Every failure in this list is a scenario that runs: copy it to a file and press F5. If something is lost, the emulator reports a diagnosis; the',
        'codes are explained on [the pages about diagnoses](diagnoses.md). The first code is the root, others are its consequences. If a failure can be',
        'repaired, a second scenario does it right and leads to no finding.',
        '',
        ...Object.entries(SEVERITIES).map(([name, what]) => `- *${name}*: ${what}.`),
        '',
        'Unless stated otherwise, the kernel is Linux 7.2.',
    ];
    for (const { title, page } of PARTS) {
        lines.push(
            '',
            `## ${title}`,
            '',
            '| | failure | severity | diagnosis |',
            '|---|---|---|---|',
            ...all
                .filter((e) => partOf(e.number).page === page)
                .map(
                    (e) =>
                        `| [${entryName(e.number)}](${failureLink(e)}) | ${e.title} | ${e.severities.join(', ').toLowerCase()} | ${e.finds.map(codeLink).join(', ')} |`,
                ),
        );
    }
    return `${lines.join('\n')}\n`;
}

function partPage(title: string, part: readonly Entry[]): string {
    const lines = [
        `# Failures: ${title}`,
        '',
        WRITTEN,
        '',
        '[The list of all failures](failures.md) says what the severities mean.',
    ];
    for (const e of part) {
        const found = e.finds.map((c) => `${codeLink(c)} (${isDiagnosisCode(c) ? CATALOGUE[c].title : ''})`).join(', ');
        lines.push(
            '',
            `## ${heading(e)}`,
            '',
            `*${e.severities.join(', ')}*${found === '' ? '' : `, diagnosed as ${found}`}`,
            '',
            e.text,
            '',
            '```lus',
            e.code,
            '```',
        );
    }
    return `${lines.join('\n')}\n`;
}

const heading = (e: Entry): string => `${entryName(e.number)} ${e.title}`;
const anchor = (text: string): string =>
    text
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replaceAll(' ', '-');

/** The section of a failure. */
export const failureLink = (e: Entry): string => `${partOf(e.number).page}#${anchor(heading(e))}`;

/** A link to the section of a diagnosis. */
export function codeLink(code: string): string {
    const place = pageOfCode(code);
    return place ? `[${code}](${place.page}#${place.anchor})` : code;
}
