/** Which code of the product was reached: V8's coverage of this process, of what its bundle has from the product. */
import { readFileSync } from 'node:fs';
import { Session } from 'node:inspector';

/** The bundler writes the name of each source file above its code. */
const FILE = /^\s*\/\/ ((?:emulator|debug-adapter|extension)\/\S+\.ts|\S+)$/gm;
const OWN = /^(?:emulator|debug-adapter|extension)\//;

export interface Reached {
    readonly functions: number;
    /** Characters of code, of which the product has `of`. */
    readonly code: number;
    readonly of: number;
}

export class Coverage {
    private readonly session = new Session();
    private readonly reached: Uint8Array;
    private readonly own: Uint8Array;
    private readonly functions = new Set<number>();
    private readonly size: number;

    /** @param bundle the path of the script */
    constructor(private readonly bundle: string) {
        const text = readFileSync(bundle, 'utf8');
        this.reached = new Uint8Array(text.length);
        this.own = ownCode(text);
        this.size = this.own.reduce((n, b) => n + b, 0);
        this.session.connect();
        this.session.post('Profiler.enable');
        this.session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
    }

    /** What was reached so far. */
    take(): Reached {
        this.session.post('Profiler.takePreciseCoverage', (error, answer) => {
            if (error) {
                throw error;
            }
            for (const { functions } of answer.result.filter((s) => s.url.endsWith(this.bundle))) {
                for (const { ranges } of functions) {
                    this.add(ranges);
                }
            }
        });
        let code = 0;
        for (let i = 0; i < this.reached.length; i++) {
            code += this.reached[i] === 1 && this.own[i] === 1 ? 1 : 0;
        }
        return { functions: this.functions.size, code, of: this.size };
    }

    /** @param ranges of a function: the whole of it, then blocks inside that differ from what encloses them */
    private add(ranges: readonly { startOffset: number; endOffset: number; count: number }[]): void {
        const [whole] = ranges;
        if (!whole || whole.count === 0) {
            return;
        }
        if (this.own[whole.startOffset] === 1) {
            this.functions.add(whole.startOffset);
        }
        // code that this look did not reach may have been reached before
        const now = new Uint8Array(whole.endOffset - whole.startOffset);
        for (const { startOffset, endOffset, count } of ranges) {
            now.fill(count > 0 ? 1 : 0, startOffset - whole.startOffset, endOffset - whole.startOffset);
        }
        for (let i = 0; i < now.length; i++) {
            if (now[i] === 1) {
                this.reached[whole.startOffset + i] = 1;
            }
        }
    }
}

/** For each character of a bundle whether it is code of the product. */
function ownCode(text: string): Uint8Array {
    const own = new Uint8Array(text.length);
    const files = [...text.matchAll(FILE)].filter((m) => /\.(?:ts|js|mjs|lus|css|c|h|json)$/.test(m[1] ?? ''));
    files.forEach((m, i) => {
        if (OWN.test(m[1] ?? '') && (m[1] ?? '').endsWith('.ts')) {
            own.fill(1, m.index, files[i + 1]?.index ?? text.length);
        }
    });
    return own;
}
