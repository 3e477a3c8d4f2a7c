/** Hovers: the declaration, the value or layout, and the documentation of the symbol at an offset. */
import type { StructLayout } from '../language/layout';
import type { Program } from '../language/program';
import type { IntLit, Span } from '../language/syntax/ast';
import { isInt } from '../language/values';
import { counted, exactSize, hex } from '../text/text';
import type { DocPlace } from './documentation';
import { isKind, placeAt } from './nodes';
import { originOf } from './origin';
import type { NamedSymbol } from './symbol';
import { symbolAt } from './symbol-at';

export interface Hover {
    readonly span: Span;
    /** One line of code. */
    readonly code: string;
    /** Paragraphs and tables in Markdown; their links are to pages of extension/docs (`time.md#costs`). */
    readonly text: readonly string[];
    readonly page?: DocPlace | undefined;
}

export function hoverAt(program: Program, uri: string, offset: number): Hover | undefined {
    const symbol = symbolAt(program, uri, offset);
    return symbol ? ofSymbol(program, symbol) : ofNumber(program, uri, offset);
}

function ofSymbol(program: Program, symbol: NamedSymbol): Hover {
    const { signature, doc, declaration, page, span } = symbol;
    const known = [
        constantText(symbol),
        symbol.kind === 'struct' ? layoutTable(program.structs.get(symbol.name)) : undefined,
        doc,
        declaration && originOf(declaration.uri),
    ];
    return { span, code: signature, text: known.flatMap((t) => (t === undefined || t === '' ? [] : [t])), page };
}

/** The value of a constant in other notations. */
function constantText({ value }: NamedSymbol): string | undefined {
    return value !== undefined && isInt(value) ? notations(value) : undefined;
}

/** `67108864 = 0x4000000 = 64 MiB`; nothing if all notations are the same. */
function notations(value: number | bigint): string | undefined {
    const size = exactSize(value);
    const forms = [String(value), hex(value), ...(size.endsWith('iB') ? [size] : [])];
    return value >= 0 && value < 10 ? undefined : forms.map((f) => `\`${f}\``).join(' = ');
}

/** A number with a unit, or a long one, in other units. */
function ofNumber(program: Program, uri: string, offset: number): Hover | undefined {
    const file = program.files.get(uri);
    const node = file && placeAt(file, offset)?.node;
    if (!file || !isKind(node, 'int')) {
        return undefined;
    }
    const text = node.unit?.endsWith('s') ? timeText(node) : notations(node.value);
    return text === undefined ? undefined : { span: node, code: file.text.slice(node.start, node.end), text: [text] };
}

function timeText({ value }: IntLit): string {
    return `${value} nanoseconds of virtual time`;
}

/** The fields of a struct with their offsets. */
function layoutTable(layout: StructLayout | undefined): string | undefined {
    if (!layout) {
        return undefined;
    }
    const rows = layout.fields.map(({ name, offset, size, type }) => {
        const bits = type.k === 'bits' ? `, bits ${type.shift}–${type.shift + type.bits - 1}` : '';
        return `| ${hex(offset)} | ${size}${bits} | \`${name}\` |`;
    });
    return [`${counted(layout.size, 'byte')}, packed:`, '', '| offset | size | field |', '|---|---|---|', ...rows].join(
        '\n',
    );
}
