/**
 * The shapes of the natives as a module of plain data, for checking and explaining code. The build puts it into the
 * bundle of the language server instead of the natives, which would pull in the whole kernel.
 */
import { NATIVES } from '../diagnosis/natives';
import type { NativeShapes } from '../language/natives';
import type { Value } from '../language/types';
import { PAGE_GEOMETRIES } from '../machine/arch';
import { KERNEL_NATIVES } from '../runtime/natives/tracepoints';

/** The entries of each table, from which all other shapes are reachable. */
const TABLES = [
    'functions',
    'objects',
    'globals',
    'fd',
    'fileKinds',
    'injectionPoints',
    'callbacks',
    'kernels',
] as const;

const PAGES = [...new Map(Object.values(PAGE_GEOMETRIES).flatMap((all) => all.map((p) => [p.size, p]))).values()];

/** The properties of shapes, types and parameters: see emulator/language/natives.ts. */
const SHAPE_KEYS: ReadonlySet<string> = new Set([
    ...[
        'name',
        'doc',
        'context',
        'params',
        'result',
        'resultOfArg',
        'fails',
        'syscall',
        'tracepoint',
        'type',
        'default',
    ],
    ...['rest', 'writable', 'fields', 'methods', 'ofKernel', 'element', 'required', 'k', 'of', 'to', 'struct'],
]);

/** The tables of callbacks, by their owner. */
function isTable(value: object): boolean {
    return Object.values(value).every((v) => v instanceof Map) && !('fields' in value);
}

/** Writes values as source text. An object that occurs several times is written once. */
class Writer {
    /** Definitions of objects, each after those that it contains. */
    readonly lines: string[] = [];
    private readonly names = new Map<object, string>();
    /** Definitions by their text. */
    private readonly alike = new Map<string, string>();

    text(value: unknown): string {
        if (typeof value === 'bigint') {
            return `${value}n`;
        }
        if (typeof value !== 'object' || value === null) {
            return value === undefined ? 'undefined' : JSON.stringify(value);
        }
        const known = this.names.get(value);
        if (known !== undefined) {
            return known;
        }
        const text = this.object(value);
        // Equal types and parameters become one object; fields and methods are compared by identity and stay separate.
        const same = 'doc' in value ? undefined : this.alike.get(text);
        const name = same ?? `o${this.lines.length}`;
        this.names.set(value, name);
        if (same === undefined) {
            this.alike.set(text, name);
            this.lines.push(`const ${name} = ${text};`);
        }
        return name;
    }

    private object(value: object): string {
        if (value instanceof Map) {
            const entries = [...value].map(([k, v]: [unknown, unknown]) => `[${this.text(k)}, ${this.text(v)}]`);
            return `new Map([${entries.join(', ')}])`;
        }
        if (Array.isArray(value)) {
            return `[${value.map((v) => this.text(v)).join(', ')}]`;
        }
        if (isTable(value)) {
            return `{ ${Object.entries(value)
                .map(([key, v]) => `${key}: ${this.text(v)}`)
                .join(', ')} }`;
        }
        const entries = Object.entries(value).flatMap(([key, v]) => {
            if (key === 'constant' && typeof v === 'function') {
                const constant: (page: (typeof PAGES)[number]) => Value = (page) => v(page);
                const values = PAGES.map((page) => `${page.size}: ${this.text(constant(page))}`);
                return [`constant: (page) => ({ ${values.join(', ')} })[page.size]`];
            }
            // the rest is the implementation
            return SHAPE_KEYS.has(key) ? [`${key}: ${this.text(v)}`] : [];
        });
        return `{ ${entries.join(', ')} }`;
    }
}

/** The source text of a module that exports the shapes under the names of their natives. */
export function shapesModule(): string {
    const writer = new Writer();
    const table = (natives: NativeShapes): string =>
        `{ ${TABLES.map((key) => `${key}: ${writer.text(natives[key])}`).join(', ')} }`;
    const exports = [
        `export const NATIVES = ${table(NATIVES)};`,
        `export const KERNEL_NATIVES = ${table(KERNEL_NATIVES)};`,
    ];
    return [...writer.lines, ...exports].join('\n');
}
