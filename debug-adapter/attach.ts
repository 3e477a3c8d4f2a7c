/** Attaches to a memory image: a session that is stopped at the handover and cannot run. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import * as z from 'zod/mini';
import { imageUpdateTree } from '../emulator/presentation/update-tree';
import { liveUpdateBody } from './live-update';
import { worst } from '../emulator/handover/findings';
import { inspectFile, type Inspection } from '../emulator/handover/inspect';
import { sourceOf } from '../emulator/machine/core-file';
import { hex } from '../emulator/text/text';
import { infoOf } from './breakpoints/data-requests';
import { arithmetic, withoutSuffix } from '../emulator/presentation/console';
import { isInt } from '../emulator/language/values';
import { ramOfImage, readMemory } from './memory';
import { RequestError } from './errors';
import type { Host } from './host';
import { viewsSchema } from './launch';
import { parsed, PAST_COMMANDS, REQUESTS, RUNNING_COMMANDS, type Arguments, type Command } from './requests';
import type { Sources } from './source';
import {
    consequenceText,
    imageHandover,
    imageLiveUpdate,
    imageMemory,
    originText,
} from '../emulator/presentation/image';
import type { Item } from '../emulator/presentation/item';
import { imageMap } from '../emulator/presentation/memory/build';
import type { MemoryMap } from '../emulator/presentation/memory/map';
import { imagePage } from '../emulator/presentation/memory/page';
import { imageFindings, imagePicture } from '../emulator/presentation/memory/standing';
import { imagePointers, type Pointers } from '../emulator/presentation/memory/pointers';
import { Pane } from './variables/pane';

const schema = z.looseObject({
    image: z.string(),
    fdt: z.optional(z.union([z.string(), z.number()])),
    views: viewsSchema,
});

const THREAD = 1;
const FRAME = 1;

const UNCHANGING = 'A memory image does not change.';

/** The body of a response. */
type Answerer = (args: unknown) => object | undefined;

/** An open image, and its answers to requests. */
export class AttachedImage {
    private readonly pane = new Pane();
    private readonly answers = new Map<string, Answerer>();
    private madeMap: { readonly map: MemoryMap; readonly pointers: Pointers } | undefined;

    private constructor(
        readonly path: string,
        private readonly inspection: Inspection,
        /** The client shows sessions and files in a view of its own, by `lus/liveUpdate`. */
        private readonly hasLiveUpdateView: boolean,
        sources: Sources,
    ) {
        for (const command of RUNNING_COMMANDS) {
            this.refuse(command, 'A memory image cannot run. A scenario can boot from it: boot "7.2" from image "…".');
        }
        for (const command of PAST_COMMANDS) {
            this.refuse(command, 'A memory image has no history: it is the state at the handover.');
        }
        this.serve('threads', REQUESTS.threads, () => ({ threads: [{ id: THREAD, name: 'handover' }] }));
        this.serve('stackTrace', REQUESTS.stackTrace, () => ({
            stackFrames: [{ id: FRAME, name: this.title, line: 0, column: 0 }],
            totalFrames: 1,
        }));
        this.serve('scopes', REQUESTS.scopes, () => ({ scopes: this.scopes() }));
        this.serve('lus/liveUpdate', REQUESTS['lus/liveUpdate'], () =>
            liveUpdateBody(imageUpdateTree(inspection.handover), sources),
        );
        this.serve('lus/memory', REQUESTS['lus/memory'], (args) => this.memory(args));
        this.serve('lus/page', REQUESTS['lus/page'], ({ address }) => {
            const { map, pointers } = this.memoryMap;
            return imagePage(map, pointers, address);
        });
        this.serve('variables', REQUESTS.variables, (args) => ({ variables: this.pane.variables(args) }));
        this.serve('readMemory', REQUESTS.readMemory, (args) => readMemory(ramOfImage(inspection), args));
        this.serve('evaluate', REQUESTS.evaluate, (args) => this.evaluate(args));
        this.serve('dataBreakpointInfo', REQUESTS.dataBreakpointInfo, () => infoOf(UNCHANGING));
        this.serve('setDataBreakpoints', REQUESTS.setDataBreakpoints, ({ breakpoints }) => ({
            breakpoints: breakpoints.map(() => ({ verified: false, message: UNCHANGING, reason: 'failed' })),
        }));
        this.serve('loadedSources', REQUESTS.loadedSources, () => ({ sources: [] }));
        this.refuse('setVariable', 'A memory image cannot be changed.');
        this.refuse('writeMemory', 'A memory image cannot be changed.');
        this.refuse('lus/status', 'A memory image has no clock.');
        this.serve('completions', REQUESTS.completions, () => ({ targets: [] }));
    }

    /**
     * @param args the attach configuration.
     * @throws RequestError with one sentence about the error.
     */
    static open(host: Host, sources: Sources, args: unknown): AttachedImage {
        const { image, fdt, views } = parsed(schema, args, 'attach configuration', 'badConfiguration');
        const address = fdt === undefined ? undefined : Number(fdt);
        const noPage = new RequestError(
            'badConfiguration',
            'attach configuration: "fdt" must be the physical address of a page, such as "0x4c2000".',
        );
        if (address !== undefined && !(address > 0 && address < 2 ** 52)) {
            throw noPage;
        }
        const bytes = host.readBytes?.(sources.uriOfPath(image));
        if (!bytes) {
            throw new RequestError('noSuchFile', `There is no memory image ${image}, or it cannot be decompressed.`);
        }
        const inspection = inspectFile(sourceOf(bytes), { fdt: address });
        if (address !== undefined && address % inspection.handover.page.size !== 0) {
            throw noPage;
        }
        const [damage] = inspection.file.findings;
        if (damage?.code === 'not-elf') {
            throw new RequestError('badImage', `${image} cannot be opened: ${damage.text}.`);
        }
        return new AttachedImage(image, inspection, views.includes('liveUpdate'), sources);
    }

    /** The title of the only stack frame. */
    get title(): string {
        const origin = originText(this.inspection.handover);
        return origin === undefined ? 'handover' : `handover from ${origin}`;
    }

    /** The report in the console. */
    get report(): { readonly category: 'console' | 'stderr'; readonly text: string }[] {
        const { findings } = this.inspection.handover;
        const bad = worst(findings);
        const head = {
            category: 'console' as const,
            text: `${this.path}: ${this.title}${bad === undefined ? ', no errors found' : ''}`,
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

    /** The answer to a request; undefined if images have no answer of their own. */
    answerer(command: string): Answerer | undefined {
        return this.answers.get(command);
    }

    private refuse(command: Command, why: string): void {
        this.answers.set(command, () => {
            throw new RequestError('imageOnly', why);
        });
    }

    private serve<T>(command: Command, arguments_: z.ZodMiniType<T>, answer: (args: T) => object | undefined): void {
        this.answers.set(command, (args) => answer(parsed(arguments_, args, command)));
    }

    private memory({ windows, buckets, compare }: Arguments<'lus/memory'>): object {
        if (compare) {
            throw new RequestError('imageOnly', 'A memory image has no history: it is the state at the handover.');
        }
        const { map, pointers } = this.memoryMap;
        const { findings } = this.inspection.handover;
        return imagePicture(this.title, map, pointers, imageFindings(findings), { windows, buckets });
    }

    /** Made by the first request. */
    private get memoryMap(): { readonly map: MemoryMap; readonly pointers: Pointers } {
        const { memory, handover } = this.inspection;
        this.madeMap ??= { map: imageMap(memory, handover), pointers: imagePointers(handover) };
        return this.madeMap;
    }

    private scopes(): DebugProtocol.Scope[] {
        const { inspection, pane } = this;
        const update = (): Item[] => imageLiveUpdate(inspection);
        const handover = (): Item[] => imageHandover(inspection);
        const [first, second] = this.hasLiveUpdateView
            ? [undefined, () => [...update(), ...handover()]]
            : [update, handover];
        return [
            ...(first ? [pane.scope('Live Update', 'live update', () => ({ named: first }))] : []),
            pane.scope('Handover', 'handover', () => ({ named: second })),
            pane.scope('Image', 'image', () => ({ named: () => imageMemory(inspection) })),
        ];
    }

    /** Whether an address is in the image, or preserved. */
    private known(pa: number): boolean {
        const { file, handover } = this.inspection;
        return file.segments.some((s) => pa >= s.pa && pa < s.pa + s.size) || handover.preserved.covers(pa);
    }

    /** Evaluates an expression of numbers in the console. The result is looked up as an address, too. */
    private evaluate({ expression: asked, format }: Arguments<'evaluate'>): DebugProtocol.EvaluateResponse['body'] {
        const { expression, asHex } = withoutSuffix(asked);
        const value = arithmetic(expression);
        if (value === undefined) {
            throw new RequestError(
                'noValue',
                'In a memory image, only numbers and physical addresses can be evaluated, such as 0x4c2000 + 4 * 4KiB.',
            );
        }
        const pa = Number(value);
        if (!isInt(value) || !this.known(pa)) {
            return {
                result: isInt(value) && (asHex ?? format?.hex) === true ? hex(value) : String(value),
                variablesReference: 0,
            };
        }
        const segment = this.inspection.file.segments.find((s) => pa >= s.pa && pa < s.pa + s.size);
        const preserved = this.inspection.handover.preserved.covers(pa);
        const text = segment
            ? `${hex(pa)}: ${preserved ? 'preserved' : 'not preserved'}`
            : `${hex(pa)} is not in the image${preserved ? ', but preserved' : ''}`;
        return { result: text, variablesReference: 0, ...(segment ? { memoryReference: hex(pa) } : {}) };
    }
}
