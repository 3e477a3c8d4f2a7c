/** Virtual machines: vCPUs and their registers, memory slots, progress of their programs, and wrong bytes. */
import { quoted } from '../text/utf8';
import { look, titleOf, type Slot } from '../kernel/kvm/slots';
import { registersOf } from '../kernel/kvm/state';
import type { Vcpu } from '../kernel/kvm/vcpu';
import type { VirtualMachine } from '../kernel/kvm/vm';
import { duration } from '../text/durations';
import { isStalled, linesOf } from '../runtime/host/guest-interrupts';
import type { Guest } from '../runtime/host/guests';
import type { Host } from '../runtime/host/host';
import { countOf, hex, rangeText, sizeText } from '../text/text';
import { bytesAt, memoryOf } from './bytes';
import { descriptorItem } from './interrupts';
import { group, leaf, listing, type Item } from './item';
import { bytesStored } from './stored';

export function guestItems(host: Host): Item[] {
    const { all } = host.guests;
    return all.length === 0
        ? []
        : [group('virtual machines', countOf(all.length, 'guest'), () => all.map((g) => guestItem(host, g)))];
}

function guestItem(host: Host, g: Guest): Item {
    const { live } = g;
    return {
        name: g.name,
        value: `${countOf(g.vcpus, 'vCPU')}, ${g.state}`,
        evaluateName: `vm(${quoted(g.name)})`,
        children: {
            named: () => [
                ...(live
                    ? [
                          listing('vCPUs', 'vCPU', live.vcpus.length, (i) => {
                              const v = live.vcpus.at(i);
                              return v ? vcpuItem(host, v) : leaf('none', '');
                          }),
                          listing('memory slots', 'slot', live.slots.length, (i) => {
                              const s = live.slots[i];
                              return s ? slotItem(host, live, s) : leaf('none', '');
                          }),
                      ]
                    : []),
                ...vectorItems(host, g),
                ...(live?.protection
                    ? [
                          leaf(
                              'confidential',
                              `${live.protection.slotText}, ${countOf(live.protection.pages.length, 'page')} of the firmware or module`,
                          ),
                          ...live.requests.map((r) =>
                              leaf(
                                  'waits for',
                                  `conversion of ${rangeText(r.gpa, r.length)} to ${r.isPrivate ? 'private' : 'shared'}`,
                              ),
                          ),
                      ]
                    : []),
                leaf('written', sizeText(g.written)),
                leaf('exits', String(g.exits)),
                leaf(
                    'blackout',
                    g.blackout === 0 ? 'none yet' : `${duration(g.blackout)}${g.pause?.end === null ? ' so far' : ''}`,
                ),
                ...standstillItems(g),
                leaf(
                    'state saved',
                    g.saved === null ? 'no' : `to ${g.saved.to.name}, at ${(g.saved.time / 1e9).toFixed(6)} s`,
                ),
                // checks all of its memory, so it is computed only on expansion
                group('wrong bytes', 'found by a check of all memory', () => wrongItems(g)),
            ],
        },
    };
}

/** In an update with preserved vCPUs: what the blackout consists of, and its vCPUs in the caretaker. */
function standstillItems({ standstill, orphans }: Guest): Item[] {
    const { causes } = standstill;
    return [
        ...(standstill.preserved && causes.length > 0
            ? [
                  group('stood still', countOf(causes.length, 'cause'), () =>
                      causes.map(({ cause, time }) => leaf(cause, duration(time))),
                  ),
              ]
            : []),
        ...(orphans.length > 0
            ? [
                  group('in the caretaker', countOf(orphans.length, 'vCPU'), () =>
                      orphans.map((o) =>
                          leaf(
                              `[${o.index}]`,
                              `${o.state}${o.trouble === null ? '' : ` (${o.trouble})`} on processor ${o.cpu}, block at ${hex(o.block)}, tables at ${hex(o.tables)}, ${countOf(o.exits, 'exit')}, ${countOf(o.stalls, 'stall')}`,
                          ),
                      ),
                  ),
              ]
            : []),
    ];
}

/** The device interrupts that drivers of the guest have set up, and their counts. */
function vectorItems(host: Host, { name, live }: Guest): Item[] {
    const lines = linesOf(host, name);
    if (lines.length === 0) {
        return [];
    }
    return [
        group('interrupts of devices', countOf(lines.length, 'vector'), () => [
            ...lines.map((l) => {
                const counts = [
                    `${l.raised} raised`,
                    `${l.delivered} delivered`,
                    ...(['merged', 'injected', 'lost', 'spurious'] as const).flatMap((what) =>
                        l[what] > 0 ? [`${l[what]} ${what}`] : [],
                    ),
                ];
                return leaf(
                    `${l.source.shape.name} [${l.index}]`,
                    `vector ${l.vector} of vCPU ${l.vcpu}: ${counts.join(', ')}${isStalled(host, l) ? '; the interrupt is lost and its driver waits' : ''}`,
                );
            }),
            ...(live?.posted
                ? live.vcpus.items.flatMap((v) =>
                      live.posted
                          ? [
                                descriptorItem(
                                    host.machine,
                                    live.posted.addressOf(v.index),
                                    `descriptor of vCPU ${v.index}`,
                                ),
                            ]
                          : [],
                  )
                : []),
        ]),
    ];
}

function vcpuItem({ machine: { page } }: Host, v: Vcpu): Item {
    const passes = v.pages === 0 ? 0 : Math.floor(v.count / v.pages);
    return {
        name: `[${v.index}]`,
        value: v.fault ? `${v.state} at ${hex(v.fault.gpa)}: ${v.fault.why}` : v.state,
        children: {
            named: () => [
                group('registers', 'general and instruction pointer', () =>
                    registersOf(v.index, v).map(([name, value]) => leaf(name, hex(value))),
                ),
                leaf(
                    'program',
                    v.pages === 0
                        ? 'none'
                        : `writes ${rangeText(v.start, v.pages * page.size)} at ${sizeText(v.rate)}/s, round ${passes + 1}, ${countOf(v.count % v.pages, 'page')} of it done`,
                ),
                leaf(
                    'pending interrupts',
                    v.pending.length === 0 ? 'none' : v.pending.map((n) => `vector ${n}`).join(', '),
                ),
                leaf('interrupts', `${v.interrupts} taken, ${v.merged} merged`),
                leaf('exits', String(v.exits)),
            ],
        },
    };
}

function slotItem(host: Host, live: VirtualMachine, slot: Slot): Item {
    return {
        name: hex(slot.gpa),
        value: `${rangeText(slot.gpa, slot.length)}: ${titleOf(slot.file)}${slot.offset === 0 ? '' : ` from ${hex(slot.offset)}`}`,
        children: {
            named: () => {
                const items: Item[] = [];
                if (host.kernel) {
                    look(host.kernel, live.slots, slot.gpa, slot.length, (gpa, pa, length) => {
                        items.push(
                            pa < 0
                                ? leaf(hex(gpa), `${sizeText(length)} without pages`)
                                : {
                                      name: hex(gpa),
                                      value: rangeText(pa, length),
                                      address: pa,
                                      stored: bytesStored(pa, length),
                                      children: { named: () => [bytesAt(memoryOf(host.machine), pa, length)] },
                                  },
                        );
                    });
                }
                return items;
            },
        },
    };
}

function wrongItems(g: Guest): Item[] {
    const { bytes, first } = g.examine();
    const place = first ?? g.firstSeenWrong;
    return [
        leaf('now', sizeText(bytes)),
        leaf('found so far', sizeText(g.foundWrong)),
        leaf('in all', sizeText(Math.max(g.mostWrong, g.foundWrong + bytes))),
        ...(place
            ? [
                  {
                      ...leaf(
                          'first',
                          `${hex(place.gpa)}: ${hex(place.found)} instead of ${hex(place.expected)}${place.pa < 0 ? ', no page' : ''}`,
                      ),
                      address: place.pa < 0 ? undefined : place.pa,
                  },
              ]
            : []),
    ];
}
