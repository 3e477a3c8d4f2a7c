/** `lus inspect`: shows the handover in a memory image. */
import { ftruncateSync, writeSync } from 'node:fs';
import * as path from 'node:path';
import { Bytes, extentLength } from '../machine/bytes';
import type { MemoryView } from '../machine/view';
import { inspectFile, type Inspection } from '../handover/inspect';
import { handoverJson } from '../handover/json';
import { shapeOf, shapeText } from '../handover/shape';
import { contentOf } from '../handover/memfd';
import type { FileView, HandoverView, MemfdView } from '../handover/model';
import { openImage } from './image-file';
import { jsonDocument } from './json';
import { BadArguments, parse, type Command, type Parsed } from './options';
import { writeOutput } from './output-file';
import { handoverReport } from './report/handover';
import { styleFor } from './style';
import { counted, hex } from '../text/text';
import { complain, print } from './print';

const EXIT_DAMAGED = 1;

export const command: Command = (args) => {
    const parsed = parse(args, {
        fdt: { type: 'string' },
        format: { type: 'string' },
        extract: { type: 'string' },
        output: { type: 'string', short: 'o' },
    });
    const format = parsed.oneOf('format', ['pretty', 'json']);
    const [name, ...more] = parsed.positionals;
    if (name === undefined || more.length > 0) {
        throw new BadArguments('Name one memory image.');
    }
    const fdt = addressOption(parsed, 'fdt');
    const extract = extraction(parsed);
    const inspection = inspectFile(openImage(name), { fdt });
    const { file, memory, handover } = inspection;
    if (fdt !== undefined && fdt % handover.page.size !== 0) {
        throw noPage('fdt', parsed.text('fdt') ?? '');
    }
    const [damage] = file.findings;
    if (damage?.code === 'not-elf') {
        throw new BadArguments(`${name} cannot be inspected: ${damage.text}.`);
    }
    if (extract) {
        return extractFile(handover, memory, extract);
    }
    if (format === 'json') {
        print(jsonDocument(1, { ...handoverJson(handover), ...shapeJson(inspection) }));
    } else {
        const style = styleFor(process.stdout, process.env);
        print(handoverReport(path.basename(name), inspection, style));
    }
    return handover.findings.some((f) => f.consequence !== 'none') ? EXIT_DAMAGED : 0;
};

function noPage(name: string, text: string): BadArguments {
    return new BadArguments(`--${name} must be the physical address of a page, such as 0x4c2000, not "${text}".`);
}

/** @throws BadArguments if the option is not an address; the alignment is checked against the image */
function addressOption(parsed: Parsed, name: string): number | undefined {
    const text = parsed.text(name);
    if (text === undefined) {
        return undefined;
    }
    const value = /^(?:0x[0-9a-f_]+|[0-9]+)$/i.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN;
    if (!(value < 2 ** 52)) {
        throw noPage(name, text);
    }
    return value;
}

interface Extraction {
    readonly session: string;
    readonly token: bigint;
    readonly output: string;
}

function extraction(parsed: Parsed): Extraction | undefined {
    const what = parsed.text('extract');
    const output = parsed.text('output');
    if (what === undefined) {
        if (output !== undefined) {
            throw new BadArguments('-o needs --extract SESSION/TOKEN.');
        }
        return undefined;
    }
    const slash = what.lastIndexOf('/');
    const token = what.slice(slash + 1);
    if (slash < 1 || !/^(?:0x[0-9a-f]+|[0-9]+)$/i.test(token)) {
        throw new BadArguments(`--extract must be a session and a token, such as vm-1/0x10, not "${what}".`);
    }
    if (output === undefined) {
        throw new BadArguments('--extract needs -o FILE.');
    }
    return { session: what.slice(0, slash), token: BigInt(token), output };
}

/** @throws BadArguments if there is no such memfd, or the file cannot be written */
function extractFile(handover: HandoverView, memory: MemoryView, { session, token, output }: Extraction): number {
    const sessions = handover.luo?.sessions ?? [];
    const found = sessions.find((s) => s.name === session);
    if (!found) {
        const names = sessions.map((s) => `"${s.name}"`).join(', ');
        throw new BadArguments(
            `This image has no session "${session}". ${names === '' ? 'It has no sessions.' : `It has ${names}.`}`,
        );
    }
    const memfd = memfdOf(found.files, token, session);
    write(output, memfd, memory);
    print(`${output}: ${counted(memfd.size, 'byte')}\n`);
    if (!memfd.content && memfd.size !== 0) {
        complain(
            'lus: A part of the contents is missing in the image or out of order. Missing parts are written as zeroes.\n',
        );
        return EXIT_DAMAGED;
    }
    return 0;
}

function memfdOf(files: readonly FileView[], token: bigint, session: string): MemfdView {
    const file = files.find((f) => BigInt(f.token) === token);
    if (!file) {
        const tokens = files.map((f) => hex(f.token)).join(', ');
        throw new BadArguments(
            `Session "${session}" has no file with token ${hex(token)}. ${tokens === '' ? 'It has no files.' : `It has ${tokens}.`}`,
        );
    }
    if (!file.memfd) {
        throw new BadArguments(
            `Only the contents of memfds can be extracted. This file belongs to "${file.compatible}".`,
        );
    }
    return file.memfd;
}

function write(output: string, memfd: MemfdView, memory: MemoryView): void {
    writeOutput(output, (fd) => {
        for (const { offset, content } of contentOf(memory, memfd.folios, memfd.size)) {
            if (content.kind !== 'zero') {
                const length = extentLength(content);
                writeSync(fd, new Bytes([content], length).toUint8Array(), 0, length, offset);
            }
        }
        ftruncateSync(fd, Number(memfd.size));
    });
}

/** The `machine` block of a scenario on a machine like that of the image, and who says what memory it has. */
function shapeJson(inspection: Inspection): object {
    const shape = shapeOf(inspection);
    return { machine: shape ? shapeText(shape) : null, machine_memory_from: shape?.mapFrom ?? null };
}
