/** `boot "7.2" from image "handover.elf.gz"`: a kernel takes over what a memory image hands over. */
import { readCoreFile, sourceOf, type CoreFile } from '../../machine/core-file';
import type { Machine } from '../../machine/machine';
import { LEAF_SIZE } from '../../machine/memory';
import { CoreMemory } from '../../machine/view';
import { fdtProperty } from '../../kernel/kho/fdt-read';
import { findHandover, scratchArrayOf, scratchEntries } from '../../kernel/kho/find';
import { loadForHandover } from '../../kernel/kho/kexec-image';
import type { HandoverToLoad } from '../../kernel/kho/segment-places';
import { pagesOfImage, readHandoverNote } from '../../kernel/kho/note';
import { PreservedMemory } from '../../kernel/kho/preserved';
import { RadixLayout, walkRadix } from '../../kernel/kho/radix';
import { PROP_MEMORY_MAP, readFdtPage, readNativeU64 } from '../../kernel/kho/root-fdt';
import { dropKernel } from './kernel-end';
import { bootFileOf, kernelNamed, startKernel } from './kexec';
import { ProgramError } from '../../language/values';
import type { Host } from './host';
import { hex } from '../../text/text';

/** The alignment of memory regions, in bytes. */
const PIECE = 1024 * 1024;

/**
 * Loads the image into the machine's memory and starts a kernel as the one in the image would have: loaded into
 * scratch memory, with setup data that contain the addresses of the FDT and of the scratch areas.
 * @param name the kernel; empty for the one that is loaded in an image of all memory.
 * @param from the file that `path` is written in.
 */
export function bootImage(host: Host, name: string, cmdline: string, from: string, path: string): void {
    const bytes = host.declarations.program.readBytes?.(from, path);
    if (!bytes) {
        throw new ProgramError(
            `there is no image "${path}" in the folder of the scenario, or it cannot be decompressed`,
        );
    }
    const loaded = name === '' ? undefined : bootFileOf(host, kernelNamed(host, name), cmdline);
    const source = sourceOf(bytes);
    const file = readCoreFile(source);
    const memory = new CoreMemory(source, file.segments, pagesOfImage(file));
    checkMachine(host.machine, file, path);
    dropKernel(host);
    host.machine.powerOn();
    layOut(host.machine, memory, file);
    if (!loaded) {
        startLoaded(host, file, path);
        return;
    }
    const { size: was } = memory.page;
    const { size: is } = host.machine.page;
    if (was !== is) {
        host.tell((l) => l.pageSizeDiffers?.(was, is));
    }
    const handover = handoverIn(host.machine, memory, file, path);
    const at = loadForHandover(host.machine, loaded, handover);
    if (at === undefined) {
        throw new ProgramError(`kernel "${name}" does not fit into the scratch areas of image "${path}"`);
    }
    startKernel(host, at);
}

/** Continues at the jump to the kernel that is loaded in the image. */
function startLoaded(host: Host, file: CoreFile, path: string): void {
    const note = readHandoverNote(file.notes);
    if (!note || note.parameters === 0) {
        throw new ProgramError(
            `no kernel is loaded in image "${path}". Name the kernel that takes it over: boot "7.2" from image "${path}"`,
        );
    }
    const { machine } = host;
    machine.journal.edit(machine).boots = note.boots;
    machine.clock.set(note.time);
    startKernel(host, note.parameters);
}

/** @throws ProgramError if the image has no memory, or memory that the machine does not have */
function checkMachine(machine: Machine, file: CoreFile, path: string): void {
    if (file.segments.length === 0) {
        throw new ProgramError(`"${path}" is not a memory image: ${file.findings[0]?.text ?? 'it contains no memory'}`);
    }
    const outside = file.segments.find((s) => !machine.isRam(s.pa, s.size));
    if (outside) {
        const map =
            readHandoverNote(file.notes)?.map.map(
                (r) => `map ${hex(r.start)} .. ${hex(r.start + r.size)}${r.node === 0 ? '' : ` node ${r.node}`}`,
            ) ?? [];
        throw new ProgramError(
            `image "${path}" has memory at ${hex(outside.pa)}-${hex(outside.pa + outside.size - 1)}, which this machine does not have: ` +
                (map.length > 0
                    ? `declare machine { ${map.join('; ')} }`
                    : 'give the machine the memory map of the machine in the image'),
        );
    }
}

function layOut(machine: Machine, memory: CoreMemory, file: CoreFile): void {
    for (const range of machine.ram) {
        machine.memory.zero(range.start, range.size);
    }
    for (const s of file.segments) {
        for (let done = 0; done < s.stored; done += PIECE) {
            const piece = memory.read(s.pa + done, Math.min(PIECE, s.stored - done));
            for (let at = 0; at < piece.length; ) {
                const length = Math.min(LEAF_SIZE - ((s.pa + done + at) % LEAF_SIZE), piece.length - at);
                const leaf = piece.subarray(at, at + length);
                if (leaf.some((b) => b !== 0)) {
                    machine.memory.write(s.pa + done + at, leaf);
                }
                at += length;
            }
        }
    }
}

/** @throws ProgramError if nothing is handed over */
function handoverIn(machine: Machine, memory: CoreMemory, file: CoreFile, path: string): HandoverToLoad {
    const note = readHandoverNote(file.notes);
    const found = findHandover(memory);
    const fdt = note?.setup.fdt ?? found.fdts[0]?.pa;
    if (fdt === undefined || !machine.isRam(fdt, machine.page.size)) {
        throw new ProgramError(`image "${path}" contains no handover: it has no KHO root FDT`);
    }
    const array = scratchArrayOf(
        memory,
        found,
        fdt,
        preservedIn(machine, fdt),
        note && { addr: note.setup.scratch, size: note.setup.scratchSize },
    );
    if (!array || !machine.isRam(array.addr, array.size)) {
        throw new ProgramError(
            `image "${path}" does not contain the addresses of its scratch areas, so no kernel can be loaded into them`,
        );
    }
    const scratch = scratchEntries(memory, array.addr, array.size).flatMap(({ addr, size }) =>
        typeof addr === 'number' && typeof size === 'number' && size > 0 && machine.isRam(addr, size)
            ? [{ addr, size }]
            : [],
    );
    return { fdt, scratch, array };
}

/** The memory that the tree contains, to tell the array of scratch areas from data that look like one. */
function preservedIn(machine: Machine, fdt: number): PreservedMemory {
    const { page } = machine;
    const preserved = new PreservedMemory(page);
    const { root } = readFdtPage(machine, fdt);
    const map = readNativeU64(root && fdtProperty(root, PROP_MEMORY_MAP)?.value);
    if (typeof map === 'number' && map !== 0 && machine.isRam(map, page.size)) {
        walkRadix(
            machine.memory,
            new RadixLayout(page),
            map,
            (pa, n) => machine.isRam(pa, n),
            (pfn, order) => preserved.add(pfn, order),
        );
    }
    preserved.finish();
    return preserved;
}
