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
const TABLES = ['functions', 'objects', 'globals', 'fd', 'fileKinds', 'injectionPoints', 'callbacks'] as const;

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
    ...[
        'rest',
        'named',
        'writable',
        'fields',
        'methods',
        'ofKernel',
        'element',
        'required',
        'k',
        'of',
        'to',
        'struct',
        'unit',
    ],
]);

/** The tables of callbacks, by their owner. */
function isTable(value: object): boolean {
    return Object.values(value).every((v) => v instanceof Map) && !('fields' in value);
}

/** Most tables are by the names of their entries, which need not be written twice. */
const BY_NAME = 'const byName = (...all) => new Map(all.map((o) => [o.name, o]));';

function isNamed(value: unknown, name: unknown): boolean {
    return typeof value === 'object' && value !== null && 'name' in value && value.name === name;
}

/** Strings with more characters than this are documentation. */
const LONG = 24;

/** Encloses the name of an object in source text; strings in it do not contain this character. */
const PLACE = '\u0001';
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is chosen because nothing else contains it
const PLACES = /\u0001(\w+)\u0001/g;

/** Writes values as source text. An object that occurs several times is written once. */
class Writer {
    /** The names of objects, each after those that it contains. */
    private readonly order: string[] = [];
    private readonly definitions = new Map<string, string>();
    private readonly uses = new Map<string, number>();
    /** Definitions of the makers. */
    private readonly makerLines: string[] = [];
    /** Functions that make objects, by the keys of these: with them, a key is written once and not with each object. */
    private readonly makers = new Map<string, string>();
    private readonly names = new Map<object, string>();
    /** Definitions by their text. */
    private readonly alike = new Map<string, string>();
    /** Long strings, which the module has as one list. */
    private readonly strings = new Map<string, number>();

    text(value: unknown): string {
        if (typeof value === 'string' && value.length > LONG) {
            const at = this.strings.get(value) ?? this.strings.size;
            this.strings.set(value, at);
            return `texts[${at}]`;
        }
        if (typeof value === 'bigint') {
            return `${value}n`;
        }
        if (typeof value !== 'object' || value === null) {
            return value === undefined ? 'undefined' : JSON.stringify(value);
        }
        const known = this.names.get(value);
        if (known !== undefined) {
            return this.use(known);
        }
        const text = this.object(value);
        // Equal types and parameters become one object; fields and methods are compared by identity and stay separate.
        const same = 'doc' in value ? undefined : this.alike.get(text);
        const name = same ?? `o${this.order.length}`;
        this.names.set(value, name);
        if (same === undefined) {
            this.alike.set(text, name);
            this.definitions.set(name, text);
            this.order.push(name);
        }
        return this.use(name);
    }

    /** The long strings, in the order of their numbers. */
    get texts(): readonly string[] {
        return [...this.strings.keys()];
    }

    /** The source text with definitions before their uses; what is used once stands where it is used. */
    source(exports: readonly string[]): string {
        const shared = this.order.filter((name) => this.uses.get(name) !== 1);
        return [
            ...this.makerLines,
            ...shared.map((name) => `const ${name} = ${this.resolved(this.definitions.get(name) ?? '')};`),
            ...exports.map((text) => this.resolved(text)),
        ].join('\n');
    }

    /** A place for an object, which is its name or its text: only at the end it is known how often it is used. */
    private use(name: string): string {
        this.uses.set(name, (this.uses.get(name) ?? 0) + 1);
        return `${PLACE}${name}${PLACE}`;
    }

    private resolved(text: string): string {
        return text.replace(PLACES, (_, name: string) =>
            this.uses.get(name) === 1 ? this.resolved(this.definitions.get(name) ?? '') : name,
        );
    }

    private object(value: object): string {
        if (value instanceof Map) {
            const all: readonly (readonly [unknown, unknown])[] = [...value];
            if (all.length > 0 && all.every(([k, v]) => isNamed(v, k))) {
                return `byName(${all.map(([, v]) => this.text(v)).join(', ')})`;
            }
            return `new Map([${all.map(([k, v]) => `[${this.text(k)}, ${this.text(v)}]`).join(', ')}])`;
        }
        if (Array.isArray(value)) {
            return `[${value.map((v) => this.text(v)).join(', ')}]`;
        }
        if (isTable(value)) {
            return `{ ${Object.entries(value)
                .map(([key, v]) => `${key}: ${this.text(v)}`)
                .join(', ')} }`;
        }
        const entries = Object.entries(value).flatMap(([key, v]): [key: string, text: string][] => {
            if (key === 'constant' && typeof v === 'function') {
                const constant: (page: (typeof PAGES)[number]) => Value = (page) => v(page);
                const values = PAGES.map((page) => `${page.size}: ${this.text(constant(page))}`);
                return [[key, `(page) => ({ ${values.join(', ')} })[page.size]`]];
            }
            // the rest is the implementation
            return SHAPE_KEYS.has(key) ? [[key, this.text(v)]] : [];
        });
        return `${this.maker(entries.map(([key]) => key))}(${entries.map(([, text]) => text).join(', ')})`;
    }

    /** The name of the function that makes objects with these keys. */
    private maker(keys: readonly string[]): string {
        const [all, args] = [keys.join(' '), keys.map((_, i) => `a${i}`)];
        const known = this.makers.get(all);
        if (known !== undefined) {
            return known;
        }
        const name = `make${this.makers.size}`;
        this.makers.set(all, name);
        this.makerLines.push(
            `const ${name} = (${args.join(', ')}) => ({ ${keys.map((key, i) => `${key}: ${args[i]}`).join(', ')} });`,
        );
        return name;
    }
}

/**
 * The source text of a module that exports the shapes under the names of their natives.
 * @param listOf the source text of an expression that is a list of strings: as they are, or packed
 */
export function shapesModule(listOf: (texts: readonly string[]) => string = JSON.stringify): string {
    const writer = new Writer();
    const table = (natives: NativeShapes): string =>
        `{ ${TABLES.map((key) => `${key}: ${writer.text(natives[key])}`).join(', ')} }`;
    const exports = [
        `export const NATIVES = ${table(NATIVES)};`,
        `export const KERNEL_NATIVES = ${table(KERNEL_NATIVES)};`,
    ];
    const source = writer.source(exports);
    return [BY_NAME, `const texts = ${listOf(writer.texts)};`, source].join('\n');
}
