/**
 * Flattened device trees in kernel code: one that is being written, and nodes of one that was read. LUO described its
 * state in such trees before 7.2 (scripts/dtc/libfdt: fdt_sw.c, fdt_ro.c).
 */
import type { Int } from '../../machine/int';
import { type Journal, JournaledRecord } from '../../machine/journal';
import type { Machine } from '../../machine/machine';
import type { PhysicalMemory } from '../../machine/memory';
import { hex } from '../../text/text';
import { err, type Err } from '../release/errno';
import { FdtWriter } from './fdt';
import { fdtChild, fdtIsCompatible, type FdtNode, fdtProperty, readFdt } from './fdt-read';
import { nativeU64, readNativeU64 } from './root-fdt';
import { decodeName, encodeText } from '../../text/utf8';

type Step = (writer: FdtWriter) => void;

/** A tree that is being written, front to back. */
export class FdtBuilder extends JournaledRecord {
    readonly steps: readonly Step[] = [];

    constructor(private readonly journal: Journal) {
        super(journal);
    }

    /** fdt_begin_node(); the first is the root, whose name is empty. */
    beginNode(name: string): void {
        this.add((w) => w.begin(name));
    }

    /** fdt_end_node() */
    endNode(): void {
        this.add((w) => w.end());
    }

    /** fdt_property_string(): including its NUL. */
    propertyString(name: string, value: string): void {
        const bytes = encodeText(`${value}\0`);
        this.add((w) => w.property(name, bytes));
    }

    /** fdt_property() of a u64 in the byte order of the kernel, not that of the tree. */
    propertyU64(name: string, value: Int): void {
        const bytes = nativeU64(value);
        this.add((w) => w.property(name, bytes));
    }

    /** fdt_finish(): writes the tree to an address. @returns ENOSPC if it is longer than `size` bytes */
    finish(memory: PhysicalMemory, address: number, size: number): undefined | Err {
        const writer = new FdtWriter();
        for (const step of this.steps) {
            step(writer);
        }
        const blob = writer.finish();
        if (blob.length > size) {
            return err('ENOSPC');
        }
        memory.write(address, blob);
        return undefined;
    }

    private add(step: Step): void {
        this.journal.edit<FdtBuilder>(this).steps = [...this.steps, step];
    }

    display(): string {
        return 'device tree that is being written';
    }
}

/** A node of a tree in memory, with its contents when it was read. */
export class FdtNodeRef {
    constructor(
        private readonly node: FdtNode,
        /** Address of the tree. */
        private readonly phys: number,
    ) {}

    /** The root of the tree at an address, read as a tree of one page. @returns EINVAL if there is none */
    static rootAt(machine: Machine, phys: number): FdtNodeRef | Err {
        const { memory, page } = machine;
        const root = machine.isRam(phys, page.size) ? readFdt(memory.read(phys, page.size)).root : undefined;
        return root ? new FdtNodeRef(root, phys) : err('EINVAL');
    }

    /** fdt_subnode_offset(). @returns ENOENT */
    child(name: string): FdtNodeRef | Err {
        const child = fdtChild(this.node, name);
        return child ? new FdtNodeRef(child, this.phys) : err('ENOENT');
    }

    hasChild(name: string): boolean {
        return fdtChild(this.node, name) !== undefined;
    }

    /** fdt_node_check_compatible(): one of the strings of its `compatible` is this one. */
    isCompatible(wanted: string): boolean {
        return fdtIsCompatible(this.node, wanted);
    }

    /** A property as text, up to its NUL; empty if there is none. */
    text(name: string): string {
        return decodeName(fdtProperty(this.node, name)?.value ?? new Uint8Array(0));
    }

    /**
     * A u64 in the byte order of the kernel.
     * @returns ENOENT if there is none, EINVAL if it has another length
     */
    u64(name: string): Int | Err {
        const property = fdtProperty(this.node, name);
        return property ? (readNativeU64(property.value) ?? err('EINVAL')) : err('ENOENT');
    }

    display(): string {
        return `node "${this.node.name}" of the device tree at ${hex(this.phys)}`;
    }

    sameAs(other: object): boolean {
        return other instanceof FdtNodeRef && other.phys === this.phys && other.node.name === this.node.name;
    }
}
