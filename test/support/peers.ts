/**
 * The cases of other people's tests: those of Linux and of the posted series. A case that a scenario can express is a
 * scenario of its name in `test/peers/FILE.lus`; the others have the reason why they cannot be said.
 */
import { readdirSync } from 'node:fs';
import * as path from 'node:path';
import type { PeerCase, PeerSuite } from './peer-case';
import { DEVICE_SUITES } from './peers-devices';
import { LIVEUPDATE_SUITES } from './peers-liveupdate';
import { MEMFD_SUITES } from './peers-memfd';
import { inRepository } from './repository';

export const PEER_SUITES: readonly PeerSuite[] = [...LIVEUPDATE_SUITES, ...MEMFD_SUITES, ...DEVICE_SUITES];

const FOLDER = inRepository('test', 'peers');

/** The names of the files there are, without `.lus`. */
export function peerFiles(): string[] {
    return readdirSync(FOLDER)
        .filter((f) => f.endsWith('.lus'))
        .map((f) => f.slice(0, -4))
        .sort();
}

export const peerFile = (name: string): string => path.join(FOLDER, `${name}.lus`);

const INTRO = `# Tests of the kernel

<!-- written from test/support/peers*.ts by UPDATE_DOCS=1 npm run unit -- test/documents/peers.test.ts -->

Linux has tests of its own for live update, kexec handover and memfds, and the series that are under review bring more. This page lists them case
by case. If a scenario can express a case, the project has a scenario of the same name with the same facts and numbers, in the file
that stands above the table, and it passes. Otherwise the last column contains the reason. What a scenario leaves out or says in another way is
listed there as well.

The scenarios are written for this project: they have the names, numbers and errors of the tests, but not their text.
`;

function verdict({ not, differs }: PeerCase): string {
    return not === undefined ? (differs === undefined ? 'passes' : `passes. ${differs}`) : `cannot be said: ${not}`;
}

/** The page of the documentation. */
export function peersPage(): string {
    const cases = PEER_SUITES.flatMap((s) => s.cases);
    const said = cases.filter((c) => c.not === undefined).length;
    const lines = [INTRO.trimEnd(), '', `Of ${cases.length} cases, ${said} can be said, and they pass.`];
    for (const { title, source, file, cases: rows } of PEER_SUITES) {
        lines.push(
            '',
            `## ${title}`,
            '',
            `${source}${file === undefined ? '' : ` Scenarios: \`test/peers/${file}.lus\`.`}`,
            '',
            '| case | asserts that | |',
            '|---|---|---|',
            ...rows.map((c) => `| \`${c.name}\` | ${c.asserts} | ${verdict(c)} |`),
        );
    }
    return `${lines.join('\n')}\n`;
}
