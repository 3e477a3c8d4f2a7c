/** Kernel memory for `.lus` code: structs at physical addresses, and arrays in vmalloc areas. */
import { FolioRef } from '../../kernel/mm/file-folios';
import { VmArea } from '../../kernel/mm/vmalloc';
import { Err, err } from '../../kernel/release/errno';
import type { StructLayout } from '../../language/layout';
import { ANY, INT, listOf, PHYS, STRING, type Value } from '../../language/types';
import { asInt, asNumber, format, KernelFault, ProgramError } from '../../language/values';
import { STD_SCHEME } from '../../std/texts';
import { counted, hex } from '../../text/text';
import { decodeText } from '../../text/utf8';
import type { Host } from '../host/host';
import { ArrayView, View } from '../view';
import { fn, param } from './define';
import type { NativeContext, NativeFunction } from './native';

/** A struct passed as a value. */
export function layoutOf(v: Value): StructLayout {
    if (isLayout(v)) {
        return v;
    }
    throw new ProgramError(`this must be the name of a struct, not ${format(v)}`);
}

function isLayout(v: Value): v is StructLayout {
    return typeof v === 'object' && v !== null && 'byName' in v && 'fields' in v;
}

/** The physical address of a struct, a folio or an address. */
export function physOf(v: Value, what: string): number {
    if (v instanceof View || v instanceof ArrayView) {
        return v.pa;
    }
    if (v instanceof FolioRef) {
        return v.pa;
    }
    return asNumber(v, what);
}

/** The area of an array. */
export function areaOf(v: Value): VmArea {
    if (v instanceof ArrayView && v.area instanceof VmArea) {
        return v.area;
    }
    throw new ProgramError(`this must be an array of vcalloc() or kho.restore_vmalloc(), not ${format(v)}`);
}

/** An array of structs in an area. */
export function arrayOver({ machine }: NativeContext, layout: StructLayout, area: VmArea, count: number): ArrayView {
    return new ArrayView({ k: 'struct', layout }, count, layout.size, machine.memory, 0, area);
}

/** The owner of memory that is allocated or restored here, for its history: the calling code. */
export function ownerHere({ frame }: Host): string {
    return frame?.code.name ?? 'kernel';
}

/**
 * Structs that programs take from the default kernel's code mean those of the running kernel, if it has one of this
 * name.
 */
function inThisKernel(host: Host, layout: StructLayout): StructLayout {
    return host.declarations.stdProgram.structs.get(layout.name) === layout
        ? (host.library.structs.get(layout.name) ?? layout)
        : layout;
}

function structAt(host: Host, named: StructLayout, pa: Value): View {
    const layout = inThisKernel(host, named);
    const address = asInt(pa, 'the address');
    const at = Number(address);
    if (typeof address !== 'number' || !host.machine.isRam(at, layout.size)) {
        const text = `there is no memory at ${hex(address)} for a ${layout.name} of ${counted(layout.size, 'byte')}`;
        // The kernel's own code does not check first.
        throw host.frame?.mode === 'kernel' && host.frame.code.uri.startsWith(STD_SCHEME)
            ? new KernelFault(text, { address, struct: layout.name })
            : new ProgramError(text);
    }
    if (host.frame?.mode === 'kernel') {
        host.tell((l) => l.viewed?.(layout, at));
    }
    return new View(layout, host.machine.memory, at);
}

/** What is read of a string that does not end, in bytes. */
const LONGEST_STRING = 256;

export const memoryFunctions: readonly NativeFunction[] = [
    fn(
        'string_at',
        [param('address', PHYS)],
        { context: 'any', result: STRING },
        'The bytes at a physical address up to the first NUL, as text: a `char *` of the kernel. At most 256 bytes, and nothing after the end of memory.',
        ({ machine }, [address]) => {
            const at = asNumber(address, 'the address');
            let length = 0;
            while (length < LONGEST_STRING && machine.isRam(at + length) && machine.memory.readU8(at + length) !== 0) {
                length++;
            }
            return decodeText(machine.memory.read(at, length));
        },
    ),
    fn(
        'at',
        [param('type', ANY), param('address', PHYS)],
        { context: 'any', resultOfArg: 0 },
        'The struct at a physical address: `at(NicState, args.serialized_data)`. Every access reads or writes the memory. An error if there is no memory at this address.',
        (host: Host, [layout, address]) => structAt(host, layoutOf(layout), address),
    ),
    fn(
        'phys',
        [param('object', ANY)],
        { context: 'any', result: PHYS },
        'The physical address of a struct in memory or of a folio.',
        (_context, [object]) => physOf(object, 'the object'),
    ),
    fn(
        'sizeof',
        [param('type', ANY)],
        { context: 'any', result: INT },
        'The size of a struct in bytes.',
        (_context, [type]) => layoutOf(type).size,
    ),
    fn(
        'vcalloc',
        [param('type', ANY), param('count', INT)],
        { result: listOf(ANY), resultOfArg: 0, fails: true },
        'Allocates a zeroed array of structs; its pages need not be contiguous. ENOMEM.',
        (host: Host, [type, count]) => {
            const layout = layoutOf(type);
            const length = asNumber(count, 'the count');
            if (length < 0) {
                // a size_t: vcalloc()'s product overflows
                return err('ENOMEM');
            }
            const owner = host.machine.owners.id(ownerHere(host));
            const area = host.running.vmalloc.alloc(length * layout.size, owner, true);
            return area instanceof Err ? area : arrayOver(host, layout, area, length);
        },
    ),
    fn('vfree', [param('array', ANY)], {}, 'Frees an array of vcalloc().', ({ running }, [array]) => {
        const area = areaOf(array);
        if (running.vmalloc.isLive(area)) {
            running.vmalloc.free(area);
        }
        return undefined;
    }),
];
