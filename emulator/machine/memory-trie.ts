/**
 * The trie that holds the contents of physical memory: nodes, each saved before its first change in an epoch. Its
 * leaves are not pages: kernels define the page size (arch.ts), and every page is one leaf or several.
 */
import { Hasher } from './hash';
import type { Journal, Saveable } from './journal';
import { advanceCode, renderCode } from './pattern';
import { Remembered, Stamp } from './remembered';

/** Bytes of a leaf: no larger than the smallest page size. */
export const LEAF_SIZE = 4096;
/** Children of a node: leaves of a {@link Block}, blocks of a {@link Span}. */
export const FANOUT = 512;
export const BLOCK_LEAVES = FANOUT;
export const SPAN_LEAVES = FANOUT * FANOUT;
/** Instead of a code: not uniform, look further down. */
const MIXED = -1;

/** A leaf whose bytes exist. */
export class Leaf implements Saveable {
    epoch: number;
    private readonly remembered = new Remembered();

    constructor(
        journal: Journal,
        public bytes: Uint8Array,
    ) {
        this.epoch = journal.epoch;
    }

    /** The fingerprint of its bytes: computed again only after a change. */
    fingerprint(journal: Journal, compute: (bytes: Uint8Array) => number): number {
        return this.remembered.of(journal, this, null, () => compute(this.bytes));
    }

    save(): unknown {
        return this.bytes.slice();
    }

    load(saved: unknown): void {
        if (saved instanceof Uint8Array) {
            this.bytes = saved;
        }
    }
}

/** The common part of nodes of both levels: for each child a code, or the child itself. */
class Node<Child> implements Saveable {
    epoch: number;
    codes: Int32Array;
    children: (Child | undefined)[] | undefined;
    /** When anything in its children has changed last. */
    readonly below: Stamp;
    private readonly remembered = new Remembered();

    /** A node full of content with this code (that of its first byte), each child `step` bytes long. */
    constructor(journal: Journal, code: number, step: number) {
        this.epoch = journal.epoch;
        this.below = new Stamp(journal);
        this.codes = new Int32Array(FANOUT);
        this.children = undefined;
        if (code !== 0) {
            for (let i = 0; i < FANOUT; i++) {
                this.codes[i] = advanceCode(code, i * step);
            }
        }
    }

    child(index: number): Child | undefined {
        return this.children?.[index];
    }

    /** The fingerprint of its content: computed again only after a change. */
    fingerprint(journal: Journal, compute: () => number): number {
        return this.remembered.of(journal, this, this.below, compute);
    }

    /** The caller has touched the node. */
    put(index: number, child: Child): void {
        this.children ??= new Array<Child | undefined>(FANOUT).fill(undefined);
        this.children[index] = child;
        this.codes[index] = MIXED;
    }

    /** The caller has touched the node. True if a child was dropped. */
    putCode(index: number, code: number): boolean {
        const had = this.codes[index] === MIXED;
        this.codes[index] = code;
        if (had && this.children) {
            this.children[index] = undefined;
        }
        return had;
    }

    save(): unknown {
        return { codes: this.codes.slice(), children: this.children?.slice() };
    }

    load(saved: unknown): void {
        Object.assign(this, saved);
    }
}

/** 2 MiB: 512 leaves. */
export class Block extends Node<Leaf> {
    /** @param span the node that it is put into */
    constructor(
        private readonly journal: Journal,
        code: number,
        private readonly span: Span,
    ) {
        super(journal, code, LEAF_SIZE);
    }

    /** Must be called before a change of its codes and children. */
    touch(): void {
        if (this.epoch !== this.journal.epoch) {
            this.journal.touch(this);
            this.journal.touch(this.span.below);
        }
    }

    /** Must be called before a change of the bytes of one of its leaves. */
    touchLeaf(leaf: Leaf): void {
        if (leaf.epoch !== this.journal.epoch) {
            this.journal.touch(leaf);
            this.journal.touch(this.below);
            this.journal.touch(this.span.below);
        }
    }
}

/** 1 GiB: 512 blocks. */
export class Span extends Node<Block> {
    constructor(journal: Journal, code: number) {
        super(journal, code, LEAF_SIZE * BLOCK_LEAVES);
    }
}

/** The highest level: for each GiB a span, or the code that fills it. An absent GiB has zeroes. */
export class Top implements Saveable {
    epoch: number;
    private map = new Map<number, Span | number>();

    constructor(journal: Journal) {
        this.epoch = journal.epoch;
    }

    get(index: number): Span | number | undefined {
        return this.map.get(index);
    }

    set(index: number, value: Span | number): void {
        if (value === 0) {
            this.map.delete(index);
        } else {
            this.map.set(index, value);
        }
    }

    sorted(): number[] {
        return [...this.map.keys()].sort((a, b) => a - b);
    }

    save(): unknown {
        return new Map(this.map);
    }

    load(saved: unknown): void {
        if (saved instanceof Map) {
            this.map = saved;
        }
    }
}

/** The fingerprint of a node from those of its children; 0 if all of them are zeroes. */
export function combined(childValue: (index: number) => number): number {
    const hasher = new Hasher();
    let any = false;
    for (let i = 0; i < FANOUT; i++) {
        const value = childValue(i);
        if (value !== 0) {
            any = true;
            hasher.u32(i).num(value);
        }
    }
    return any ? hasher.value() || 1 : 0;
}

/** The fingerprint of a leaf; 0 if it has zeroes only. Its length and its offset in the buffer are multiples of 4. */
export function hashLeaf(bytes: Uint8Array): number {
    const hasher = new Hasher();
    let any = 0;
    for (const word of new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4)) {
        any |= word;
        hasher.u32(word);
    }
    return any === 0 ? 0 : hasher.value() || 1;
}

/** A cache of {@link hashCode}, a pure function: for each level, fingerprints by code. All machines share it. */
const FINGERPRINTS = [new Map<number, number>(), new Map<number, number>(), new Map<number, number>()] as const;
/** The most fingerprints of a level; when they are reached, the cache is emptied. */
const MOST_FINGERPRINTS = 1 << 18;

/** The fingerprint of a leaf (level 0), block (1) or span (2) full of content with this code. */
export function hashCode(code: number, level: number): number {
    if (code === 0) {
        return 0;
    }
    const memo = FINGERPRINTS[level]!;
    let value = memo.get(code);
    if (value === undefined) {
        if (level === 0) {
            const bytes = new Uint8Array(LEAF_SIZE);
            renderCode(code, 0, bytes, 0, LEAF_SIZE);
            value = hashLeaf(bytes);
        } else {
            const step = level === 1 ? LEAF_SIZE : LEAF_SIZE * BLOCK_LEAVES;
            value = combined((i) => hashCode(advanceCode(code, i * step), level - 1));
        }
        if (memo.size >= MOST_FINGERPRINTS) {
            memo.clear();
        }
        memo.set(code, value);
    }
    return value;
}
