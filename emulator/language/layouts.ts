/** From `struct` declarations to layouts in memory: packed, little-endian, fields in the order they are written. */
import type { CheckCode } from './check-codes';
import type { Expr, Ident, Span, StructDecl, TypeExpr } from './syntax/ast';
import { near } from './nearest';
import { bitsType, type FieldType, type LayoutField, type StructLayout } from './layout';

/** Declarations that a layout refers to. */
export interface LayoutHost {
    struct(name: string): StructDecl | undefined;
    /** A layout that is known already: of the standard library. */
    known(name: string): StructLayout | undefined;
    structNames(): Iterable<string>;
    /** The value of a constant integer, or undefined (reported already). */
    constant(e: Expr): number | undefined;
    error(decl: StructDecl, code: CheckCode, span: Span, message: string, replacement?: string): void;
    /** A name in a type turned out to be this struct. */
    resolved(name: Ident, decl: StructDecl): void;
}

const INTS = new Map<string, FieldType & { readonly k: 'int' }>();
for (const bytes of [1, 2, 4, 8] as const) {
    INTS.set(`u${bytes * 8}`, { k: 'int', bytes, signed: false });
    INTS.set(`i${bytes * 8}`, { k: 'int', bytes, signed: true });
}

const WORDS = [...INTS.keys(), 'phys', 'bytes', 'string', 'vmalloc'];
/** A limit that no structure in a handover reaches. */
const MAX_LENGTH = 2 ** 30;

const field = (name: string, offset: number, type: FieldType): LayoutField => ({
    name,
    offset,
    size: sizeOf(type),
    type,
});

const layoutOf = (name: string, fields: readonly LayoutField[], size: number): StructLayout => ({
    name,
    size,
    fields,
    byName: new Map(fields.map((f) => [f.name, f])),
});

/** `struct kho_vmalloc` (include/linux/kho/abi/kexec_handover.h): what describes a preserved vmalloc area. */
export const KHO_VMALLOC: StructLayout = layoutOf(
    'kho_vmalloc',
    [
        field('first', 0, { k: 'int', bytes: 8, signed: false }),
        field('total_pages', 8, { k: 'int', bytes: 4, signed: false }),
        field('flags', 12, { k: 'int', bytes: 2, signed: false }),
        field('order', 14, { k: 'int', bytes: 2, signed: false }),
    ],
    16,
);

/** In bytes. */
function sizeOf(t: FieldType): number {
    switch (t.k) {
        case 'int':
        case 'bits':
            return t.bytes;
        case 'phys':
            return 8;
        case 'bytes':
        case 'string':
            return t.length;
        case 'struct':
            return t.layout.size;
        case 'array':
            return t.stride * t.length;
    }
}

/** Makes layouts, each once; a struct may hold others that are declared after it. */
export class Layouts {
    readonly done = new Map<string, StructLayout>();
    private readonly busy = new Set<string>();

    constructor(private readonly host: LayoutHost) {}

    /** The layout of a declaration; invalid fields are reported and left out. */
    of(decl: StructDecl): StructLayout {
        const name = decl.name.name;
        const done = this.done.get(name);
        if (done) {
            return done;
        }
        this.busy.add(name);
        const fields: LayoutField[] = [];
        const seen = new Set<string>();
        let offset = 0;
        /** The word that bit fields are being packed into. */
        let word: { readonly type: string; readonly offset: number; readonly bits: number; used: number } | undefined;
        for (const f of decl.fields) {
            if (seen.has(f.name.name)) {
                this.host.error(
                    decl,
                    'LU0204',
                    f.name,
                    `\`${name}\` has two fields \`${f.name.name}\`. Rename one of them.`,
                );
                continue;
            }
            seen.add(f.name.name);
            const bits = f.type.bits ? this.bits(decl, f.type) : undefined;
            if (bits !== undefined) {
                if (word?.type !== f.type.name.name || word.used + bits > word.bits) {
                    const bytes = INTS.get(f.type.name.name)?.bytes ?? 8;
                    word = { type: f.type.name.name, offset, bits: bytes * 8, used: 0 };
                    offset += bytes;
                }
                const bytes = INTS.get(word.type)?.bytes ?? 8;
                fields.push(field(f.name.name, word.offset, bitsType(bytes, word.used, bits)));
                word.used += bits;
                continue;
            }
            word = undefined;
            const type = f.type.bits ? undefined : this.type(decl, f.type);
            if (type) {
                fields.push(field(f.name.name, offset, type));
                offset += sizeOf(type);
            }
        }
        this.busy.delete(name);
        const layout = layoutOf(name, fields, offset);
        this.done.set(name, layout);
        return layout;
    }

    private bits(decl: StructDecl, t: TypeExpr): number | undefined {
        const int = INTS.get(t.name.name);
        const bits = t.bits && this.host.constant(t.bits);
        if (bits === undefined) {
            return undefined;
        }
        if (!int || int.signed || t.length) {
            this.host.error(
                decl,
                'LU0314',
                t,
                'A bit field is part of a u8, u16, u32 or u64, and not an array: `pfn: u64:52`.',
            );
            return undefined;
        }
        if (bits < 1 || bits > int.bytes * 8) {
            this.host.error(
                decl,
                'LU0314',
                t.bits ?? t,
                `A bit field of ${t.name.name} must have 1 to ${int.bytes * 8} bits, not ${bits}.`,
            );
            return undefined;
        }
        return bits;
    }

    private type(decl: StructDecl, t: TypeExpr): FieldType | undefined {
        const length = t.length && this.host.constant(t.length);
        if (t.length && length === undefined) {
            return undefined;
        }
        if (length !== undefined && (length < 1 || length > MAX_LENGTH)) {
            this.host.error(
                decl,
                'LU0314',
                t.length ?? t,
                `An array in memory must have 1 to ${MAX_LENGTH} elements, not ${length}.`,
            );
            return undefined;
        }
        if (t.name.name === 'bytes' || t.name.name === 'string') {
            if (length === undefined) {
                this.host.error(decl, 'LU0314', t, `The length in bytes is missing: \`${t.name.name}[64]\`.`);
                return undefined;
            }
            return { k: t.name.name, length };
        }
        const of = this.element(decl, t);
        return of && length !== undefined ? { k: 'array', of, length, stride: sizeOf(of) } : of;
    }

    private element(decl: StructDecl, t: TypeExpr): FieldType | undefined {
        const name = t.name.name;
        const int = INTS.get(name);
        if (int) {
            return int;
        }
        if (name === 'phys') {
            return this.phys(decl, t.target);
        }
        if (name === 'vmalloc') {
            return { k: 'struct', layout: KHO_VMALLOC };
        }
        const other = this.host.struct(name);
        const known = this.host.known(name);
        if (other) {
            this.host.resolved(t.name, other);
            if (this.busy.has(name)) {
                this.host.error(
                    decl,
                    'LU0314',
                    t,
                    `A \`${name}\` cannot contain itself. Point to it with \`phys ${name}\`.`,
                    `phys ${name}`,
                );
                return undefined;
            }
            return { k: 'struct', layout: this.of(other) };
        }
        if (known) {
            return { k: 'struct', layout: known };
        }
        if (name !== '') {
            this.unknown(decl, t.name, [...WORDS, ...this.host.structNames()]);
        }
        return undefined;
    }

    private phys(decl: StructDecl, target: Ident | undefined): FieldType {
        if (!target) {
            return { k: 'phys' };
        }
        const other = this.host.struct(target.name);
        if (other) {
            this.host.resolved(target, other);
        } else if (!this.host.known(target.name)) {
            this.unknown(decl, target, this.host.structNames());
            return { k: 'phys' };
        }
        return { k: 'phys', to: target.name };
    }

    private unknown(decl: StructDecl, name: Ident, candidates: Iterable<string>): void {
        const nearest = near(name.name, candidates);
        this.host.error(
            decl,
            'LU0211',
            name,
            `There is no type \`${name.name}\`. Expected u8 … u64, i8 … i64, phys, bytes[n], string[n], vmalloc or a struct.` +
                (nearest === undefined ? '' : ` Did you mean \`${nearest}\`?`),
            nearest,
        );
    }
}
