/**
 * The route of an interrupt: the device's vector, its message, the entry of the IOMMU's table, processor and vector,
 * the handler.
 */
import type { Device } from '../machine/devices/device';
import { describeDescriptor, DESCRIPTOR_SIZE, posted } from '../machine/interrupts/descriptor';
import { destinationOf } from '../machine/interrupts/message';
import type { InterruptEntry } from '../machine/interrupts/remapping';
import type { Machine } from '../machine/machine';
import { counted, countOf, hex, hexDigits } from '../text/text';
import { bytesAt, memoryOf } from './bytes';
import { group, leaf, listing, type Item } from './item';

/** Resolves a route without side effects: nothing is cached, and no fault is logged. */
function entryOf(
    machine: Machine,
    d: Device,
    index: number,
): { readonly text: string; readonly at: number; readonly entry?: InterruptEntry } {
    const { remapper } = machine.pci.interrupts;
    const { message } = d.msix.entry(index);
    if (!remapper || !message) {
        return { text: '', at: -1 };
    }
    const trail: number[] = [];
    const table = remapper.format.tableOfDevice ? (machine.pci.iommu?.root ?? 0) : remapper.table;
    const route = remapper.format.route(
        machine,
        { on: remapper.on, table, entries: remapper.entries, strict: true },
        { get: () => undefined, set: () => undefined },
        d.requester,
        message,
        trail,
    );
    switch (route.kind) {
        case 'as-is':
            return { text: '', at: -1 };
        case 'fault':
            return { text: `entry ${route.index}: refused (${route.reason})`, at: -1 };
        default:
            return { text: `entry ${route.index}`, at: trail.at(-1) ?? -1, entry: route };
    }
}

export function vectorItem(machine: Machine, d: Device, index: number): Item {
    const e = d.msix.entry(index);
    const marks = `${e.masked ? ', masked' : ''}${e.pending ? ', pending' : ''}`;
    const { message } = e;
    if (!message) {
        return leaf(`[${index}]`, `not set up${marks}`);
    }
    const { pci } = machine;
    const { text, entry } = entryOf(machine, d, index);
    const own = pci.interrupts.its ? { cpu: 0, vector: message.data } : destinationOf(message);
    const to = entry?.kind === 'remapped' ? entry.to : entry || text !== '' ? undefined : own;
    const where =
        entry?.kind === 'posted'
            ? `posted as vector ${entry.vector} at ${hex(entry.descriptor)}`
            : to
              ? `processor ${to.cpu} vector ${hex(to.vector)} → ${pci.interrupts.handlerOf(to)?.name ?? 'no handler'}`
              : '';
    const value = [text, where].filter((t) => t !== '').join(' → ');
    return group(`[${index}]`, `${value === '' ? 'has no target' : value}${marks}`, () => [
        leaf('message', `${hex(message.data)} to ${hex(message.address)}`),
        ...(entry?.kind === 'posted' ? [descriptorItem(machine, entry.descriptor)] : []),
    ]);
}

/** A posted-interrupt descriptor in memory. */
export function descriptorItem(machine: Machine, pa: number, name = 'descriptor'): Item {
    if (!machine.isRam(pa, DESCRIPTOR_SIZE)) {
        return leaf(name, `no memory at ${hex(pa)}`);
    }
    const d = describeDescriptor(machine.memory, pa);
    const vectors = posted(machine.memory, pa);
    return {
        name,
        address: pa,
        value: `${vectors.length === 0 ? 'none posted' : `posted: ${vectors.join(', ')}`}; notification ${hex(d.vector)} to processor ${d.cpu}${d.outstanding ? ', sent' : ''}${d.suppressed ? ', suppressed' : ''}`,
        children: { named: () => [bytesAt(memoryOf(machine), pa, DESCRIPTOR_SIZE)] },
    };
}

/** The interrupt remapping unit: its table, its cache, its faults. No items if the IOMMU has none. */
export function remappingItems(machine: Machine): Item[] {
    const { remapper } = machine.pci.interrupts;
    if (!remapper) {
        return [];
    }
    return [
        group('interrupt remapping', remapper.on ? 'on' : 'off', () => [
            ...(remapper.format.tableOfDevice
                ? []
                : [
                      leaf(
                          'table',
                          remapper.table === 0
                              ? 'not set'
                              : `${counted(remapper.entries, 'entry')} at ${hex(remapper.table)}`,
                      ),
                  ]),
            listing('cache', 'entry', remapper.cache.size, (i) => {
                const [key, e] = [...remapper.cache][i] ?? [];
                return key === undefined || !e
                    ? leaf('none', '')
                    : leaf(
                          `[${key}]`,
                          e.kind === 'posted'
                              ? `posted as vector ${e.vector} at ${hex(e.descriptor)}`
                              : `processor ${e.to.cpu} vector ${hex(e.to.vector)}`,
                      );
            }),
            listing('interrupt faults', 'fault', remapper.faults.length, (i) => {
                const f = remapper.faults.at(i);
                return f
                    ? leaf(`[${i}]`, `entry ${f.index} by ${hexDigits(f.requester, 4)}: ${f.reason} (${hex(f.code)})`)
                    : leaf('none', '');
            }),
        ]),
    ];
}

/** The tables of a GICv3 in memory, and what the firmware keeps reserved. No items if there are none. */
export function redistributorItems(machine: Machine): Item[] {
    const { redistributors } = machine.pci.interrupts;
    if (!redistributors) {
        return [];
    }
    const { enabled, property, pending } = redistributors;
    const { reserved } = machine.firmware;
    return [
        group('LPIs', enabled ? `on, properties at ${hex(property)}` : 'off', () =>
            pending.map((at, cpu) => leaf(`[${cpu}]`, `pending table at ${hex(at)}`)),
        ),
        listing('reserved by the firmware', 'range', reserved.length, (i) => {
            const r = reserved.at(i);
            return r ? leaf(`[${i}]`, `${hex(r.addr)}-${hex(r.addr + r.size - 1)}: ${r.owner}`) : leaf('none', '');
        }),
    ];
}

/** The processors and the handlers of their vectors. */
export function processorItems(machine: Machine): Item[] {
    const { interrupts, devices } = machine.pci;
    if (devices.length === 0) {
        return [];
    }
    const taken = [...interrupts.claimed()];
    return [
        group('processors', countOf(interrupts.cpus, 'processor'), () =>
            Array.from({ length: interrupts.cpus }, (_, cpu) => {
                const own = taken.filter((t) => t.cpu === cpu);
                return group(
                    `[${cpu}]`,
                    cpu < interrupts.accepting ? countOf(own.length, 'vector') : 'takes no interrupts',
                    () => own.map((t) => leaf(hex(t.vector), t.handler.name)),
                );
            }),
        ),
    ];
}
