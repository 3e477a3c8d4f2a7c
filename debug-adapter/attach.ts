/** Attaching to a memory image: stopped at the handover, with nothing that runs. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import * as z from 'zod/mini';
import { worst } from '../emulator/handover/findings';
import { inspectFile, type Inspection } from '../emulator/handover/inspect';
import { sourceOf } from '../emulator/machine/core-file';
import { PAGE_SIZE } from '../emulator/machine/memory';
import { memoryReference } from './memory';
import { parsed, RequestError, REQUESTS, type Arguments, type Command } from './requests';
import type { Host, Sources } from './source';
import {
    consequenceText,
    imageHandover,
    imageLiveUpdate,
    imageMemory,
    originText,
} from '../emulator/presentation/image';
import { Pane } from './variables/pane';

const schema = z.looseObject({ image: z.string(), fdt: z.optional(z.union([z.string(), z.number()])) });

/** At most as much as one request gets. */
const MAX_COUNT = 4 * 1024 * 1024;
const THREAD = 1;
const FRAME = 1;

/** The body of a response. */
type Answerer = (args: unknown) => object | undefined;

/** An open image, and the answers that it gives to requests about what is stopped. */
export class AttachedImage {
    private readonly pane: Pane;
    private readonly answers = new Map<string, Answerer>();

    private constructor(
        readonly path: string,
        private readonly inspection: Inspection,
        pages: boolean,
    ) {
        this.pane = new Pane(pages);
        const refuse = (): never => {
            throw new RequestError(
                'An image does not run: it is stopped at the handover. A scenario can boot from it: boot "7.2" from image "…".',
                true,
            );
        };
        for (const command of ['continue', 'next', 'stepIn', 'stepOut', 'pause'] as const) {
            this.answers.set(command, refuse);
        }
        this.serve('threads', REQUESTS.threads, () => ({ threads: [{ id: THREAD, name: 'handover' }] }));
        this.serve('stackTrace', REQUESTS.stackTrace, () => ({
            stackFrames: [{ id: FRAME, name: this.title, line: 0, column: 0 }],
            totalFrames: 1,
        }));
        this.serve('scopes', REQUESTS.scopes, () => ({ scopes: this.scopes() }));
        this.serve('variables', REQUESTS.variables, (args) => ({ variables: this.pane.variables(args) }));
        this.serve('readMemory', REQUESTS.readMemory, (args) => this.readMemory(args));
        this.serve('evaluate', REQUESTS.evaluate, ({ expression }) => this.evaluate(expression));
        this.serve('loadedSources', REQUESTS.loadedSources, () => ({ sources: [] }));
        this.serve('setVariable', REQUESTS.setVariable, () => {
            throw new RequestError('An image cannot be changed.', true);
        });
    }

    /**
     * @param args the attach configuration.
     * @throws RequestError with one sentence about what is wrong.
     */
    static open(host: Host, sources: Sources, args: unknown, pages: boolean): AttachedImage {
        const { image, fdt } = parsed(schema, args, 'attach configuration');
        const address = fdt === undefined ? undefined : Number(fdt);
        if (address !== undefined && (!(address > 0 && address < 2 ** 52) || address % PAGE_SIZE !== 0)) {
            throw new RequestError(
                'attach configuration: "fdt" must be the physical address of a page, such as "0x4c2000".',
                true,
            );
        }
        const bytes = host.readBytes?.(sources.uriOfPath(image));
        if (!bytes) {
            throw new RequestError(`There is no memory image ${image}, or it cannot be unpacked.`, true);
        }
        const inspection = inspectFile(sourceOf(bytes), { fdt: address });
        const [damage] = inspection.file.findings;
        if (damage?.code === 'not-elf') {
            throw new RequestError(`${image} cannot be opened: ${damage.text}.`, true);
        }
        return new AttachedImage(image, inspection, pages);
    }

    /** What is shown where a stack would be. */
    get title(): string {
        const origin = originText(this.inspection.handover);
        return origin === undefined ? 'handover' : `handover from ${origin}`;
    }

    /** What to say of it in the console. */
    get report(): { readonly category: 'console' | 'stderr'; readonly text: string }[] {
        const { findings } = this.inspection.handover;
        const bad = worst(findings);
        const head = {
            category: 'console' as const,
            text: `${this.path}: ${this.title}${bad === undefined ? ', nothing wrong found' : ''}`,
        };
        return [
            head,
            ...findings.map((f) => {
                const what = consequenceText(f);
                return {
                    category: f.consequence === 'none' ? ('console' as const) : ('stderr' as const),
                    text: `${f.text} [${f.code}]${what === undefined ? '' : `: ${what}`}`,
                };
            }),
        ];
    }

    /** How a request is answered; undefined where an image has nothing of its own to say. */
    answerer(command: string): Answerer | undefined {
        return this.answers.get(command);
    }

    private serve<T>(command: Command, arguments_: z.ZodMiniType<T>, answer: (args: T) => object | undefined): void {
        this.answers.set(command, (args) => answer(parsed(arguments_, args, command)));
    }

    private scopes(): DebugProtocol.Scope[] {
        const { inspection, pane } = this;
        return [
            pane.scope('Live Update', 'live update', { named: () => imageLiveUpdate(inspection) }),
            pane.scope('Handover', 'handover', { named: () => imageHandover(inspection) }),
            pane.scope('Image', 'image', { named: () => imageMemory(inspection) }),
        ];
    }

    private readMemory({
        memoryReference: reference,
        offset,
        count,
    }: Arguments<'readMemory'>): DebugProtocol.ReadMemoryResponse['body'] {
        const pa = (/^(?:0x[0-9a-f]+|\d+)$/i.test(reference) ? Number(reference) : NaN) + (offset ?? 0);
        if (!Number.isSafeInteger(pa) || !Number.isInteger(count) || count < 0) {
            throw new RequestError(`${reference} is no physical address.`);
        }
        if (pa < 0) {
            return { address: memoryReference(0), unreadableBytes: Math.min(count, -pa) };
        }
        const wanted = Math.min(count, MAX_COUNT);
        const { segments } = this.inspection.file;
        const here = segments.findIndex((s) => pa >= s.pa && pa < s.pa + s.size);
        if (here < 0) {
            const next = segments.find((s) => s.pa > pa);
            return { address: memoryReference(pa), unreadableBytes: Math.min(count, next ? next.pa - pa : count) };
        }
        let end = pa;
        for (let i = here; i < segments.length && end < pa + wanted; i++) {
            const s = segments[i];
            if (!s || s.pa > end) {
                break;
            }
            end = s.pa + s.size;
        }
        const length = Math.min(wanted, end - pa);
        const data = Buffer.from(this.inspection.memory.read(pa, length)).toString('base64');
        const next = segments.find((s) => s.pa > pa + length - 1);
        const unreadable =
            length < wanted
                ? { unreadableBytes: Math.min(count - length, next ? next.pa - pa - length : count - length) }
                : {};
        return { address: memoryReference(pa), data, ...unreadable };
    }

    /** An address in the console: what lies there. */
    private evaluate(expression: string): DebugProtocol.EvaluateResponse['body'] {
        const pa = /^(?:0x[0-9a-f_]+|\d+)$/i.test(expression.trim())
            ? Number(expression.trim().replaceAll('_', ''))
            : NaN;
        if (!Number.isSafeInteger(pa)) {
            throw new RequestError('In an image one can look at physical addresses: 0x4c2000.');
        }
        const segment = this.inspection.file.segments.find((s) => pa >= s.pa && pa < s.pa + s.size);
        const preserved = this.inspection.handover.preserved.covers(pa);
        const text = segment
            ? `${memoryReference(pa)}: ${preserved ? 'preserved' : 'not preserved'}`
            : `${memoryReference(pa)} is not in the image${preserved ? ', but preserved' : ''}`;
        return { result: text, variablesReference: 0, ...(segment ? { memoryReference: memoryReference(pa) } : {}) };
    }
}
