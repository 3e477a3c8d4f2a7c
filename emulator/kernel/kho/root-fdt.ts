/** The KHO root FDT: the entry point of the next kernel (include/linux/kho/abi/kexec_handover.h). */
import { type Err, err } from '../release/errno';
import type { PageGeometry } from '../../machine/arch';
import { type Int, intOf } from '../../machine/int';
import type { PagedMemory } from './env';
import { FdtEditor, FdtWriter } from './fdt';
import { type FdtNode, fdtChild, fdtProperty, readFdt } from './fdt-read';
import { KHO_V4, type KhoFormat } from '../release/kho-format';
import { encodeText } from '../../text/utf8';

export const KHO_COMPATIBLE = 'kho-v4';
export const PROP_MEMORY_MAP = 'preserved-memory-map';
/** The names that KHO uses since 7.1; see {@link KhoFormat}. */
export const PROP_DATA = 'preserved-data';
export const PROP_SIZE = 'blob-size';

/** The storage of subtrees in a format. */
type SubtreeProperties = Pick<KhoFormat, 'dataProperty' | 'sizeProperty'>;

/** A u64 in the kernel's byte order, not the tree's. */
export function nativeU64(value: Int): Uint8Array {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
    return bytes;
}

/** The u64 in a property's value; undefined if it is not 8 bytes. */
export function readNativeU64(value: Uint8Array | undefined): Int | undefined {
    return value?.length === 8 ? intOf(new DataView(value.buffer, value.byteOffset).getBigUint64(0, true)) : undefined;
}

/** The root FDT of a kernel that has not added any subtree. */
export function buildRootFdt(compatible: string, radixRoot: number): Uint8Array {
    return new FdtWriter()
        .begin('')
        .property('compatible', encodeText(`${compatible}\0`))
        .property(PROP_MEMORY_MAP, nativeU64(radixRoot))
        .end()
        .finish();
}

/**
 * kho_add_subtree on the FDT page at `fdt`. Does not preserve the blob.
 * @param half if there is no room for its properties, the node stays, and the error is libfdt's
 * @returns ENOMEM if the page is no FDT or full, EEXIST if the name is taken; ESRCH: FDT_ERR_NOSPACE
 */
export function addSubtree(
    { memory, page }: PagedMemory,
    fdt: number,
    name: string,
    blob: number,
    size: number,
    format: SubtreeProperties = KHO_V4,
    half = false,
): 0 | Err {
    const editor = FdtEditor.open(memory.read(fdt, page.size), page.size);
    if (!editor) {
        return err('ENOMEM');
    }
    let result: 0 | Err = 0;
    const node = editor.addChild(0, name);
    if (typeof node !== 'number') {
        result = err(node === 'exists' ? 'EEXIST' : 'ENOMEM');
    } else if (
        editor.setProperty(node, format.dataProperty, nativeU64(blob)) !== 0 ||
        (format.sizeProperty !== undefined && editor.setProperty(node, format.sizeProperty, nativeU64(size)) !== 0)
    ) {
        if (!half) {
            editor.removeNode(node);
        }
        result = err(half ? 'ESRCH' : 'ENOMEM');
    }
    editor.pack();
    memory.write(fdt, editor.buffer);
    return result;
}

/** Writes the address of the memory map, which is known when the handover is finalized. */
export function setMemoryMap({ memory, page }: PagedMemory, fdt: number, map: number): void {
    const editor = FdtEditor.open(memory.read(fdt, page.size), page.size);
    if (editor) {
        editor.setProperty(0, PROP_MEMORY_MAP, nativeU64(map));
        editor.pack();
        memory.write(fdt, editor.buffer);
    }
}

/** kho_remove_subtree: the child whose blob is at `blob`. @returns its name, undefined if there is none. */
export function removeSubtree(
    { memory, page }: PagedMemory,
    fdt: number,
    blob: number,
    format: SubtreeProperties = KHO_V4,
): string | undefined {
    const editor = FdtEditor.open(memory.read(fdt, page.size), page.size);
    if (!editor) {
        return undefined;
    }
    let removed: string | undefined;
    for (const child of editor.children(0)) {
        if (readNativeU64(editor.property(child.offset, format.dataProperty)) === blob) {
            editor.removeNode(child.offset);
            removed = child.name;
            break;
        }
    }
    editor.pack();
    memory.write(fdt, editor.buffer);
    return removed;
}

/** A blob that a kernel hands over with a name. */
export interface Subtree {
    readonly phys: Int;
    readonly size: Int;
}

/**
 * kho_retrieve_subtree on an incoming FDT.
 * @returns ENOENT: no such child; EINVAL: `preserved-data` or `blob-size` missing or not 8 bytes (`warn` is called for
 * the latter). If the format has no size, a blob is assumed to be a page.
 */
export function retrieveSubtree(
    root: FdtNode | undefined,
    page: PageGeometry,
    name: string,
    warn: (text: string) => void,
    format: SubtreeProperties = KHO_V4,
): Subtree | Err {
    const child = root && fdtChild(root, name);
    if (!child) {
        return err('ENOENT');
    }
    const phys = readNativeU64(fdtProperty(child, format.dataProperty)?.value);
    if (phys === undefined) {
        return err('EINVAL');
    }
    if (format.sizeProperty === undefined) {
        return { phys, size: page.size };
    }
    const size = readNativeU64(fdtProperty(child, format.sizeProperty)?.value);
    if (size === undefined) {
        warn(`broken KHO subnode '${name}': no blob size`);
        return err('EINVAL');
    }
    return { phys, size };
}

/** The FDT in a page. */
export function readFdtPage({ memory, page }: PagedMemory, fdt: number): ReturnType<typeof readFdt> {
    return readFdt(memory.read(fdt, page.size));
}
