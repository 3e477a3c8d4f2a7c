/**
 * vCPUs that go on while the kernel below them is replaced: what they use that is not kept, and what ends or stops
 * them.
 */
import type { Kernel } from '../kernel/kernel';
import { runsOf } from '../kernel/kvm/second-level';
import type { Orphan } from '../kernel/kvm/orphan';
import { hasSeries } from '../kernel/release/layers';
import { isCovered, keptSpans, nextOf, type Span } from './carried-devices';
import { ruleFile } from './rules';
import { be, pagesText } from './wording';
import { duration } from '../text/durations';
import { counted, hex } from '../text/text';

/** What the guest did when it left for a reason, as the end of a sentence. */
const EXITS: Readonly<Record<string, string>> = {
    ipi: 'an interrupt for another vCPU, which the hardware does not send by itself',
    mmio: 'an access to memory of an emulated device',
    pio: 'an access to a port of an emulated device',
    hypercall: 'a call of the hypervisor',
    ept: 'an access to an address that the second-level tables do not map',
};

export const orphanRules = ruleFile(['LU1101', 'LU1102', 'LU1103', 'LU1104', 'LU1105', 'LU1106', 'LU1107'], (scene) => {
    const { host, chronicle, say } = scene;
    const { clock, owners, page, pci, processors } = host.machine;
    const historyOf = (guest: string) => [...chronicle.of(`guest ${guest}`)];
    const orphansIn = (kernel: Kernel): Orphan[] =>
        host.guests.all
            .flatMap((g) => g.orphans)
            .filter((o) => o.state !== 'failed' && kernel.vms.items.some((v) => v.name === o.guest));

    /** LU1101: memory that the tables map, and that the next kernel takes for free. */
    const checkMemory = (o: Orphan, spans: readonly Span[], tell: typeof say): void => {
        let first: { readonly gpa: number; readonly pfn: number } | undefined;
        let total = 0;
        for (const run of runsOf(host.machine, o.tables)) {
            const end = (run.pa + run.length) / page.size;
            for (let pfn = run.pa / page.size; pfn < end; ) {
                const span = nextOf(spans, pfn);
                const within = span !== undefined && span.start <= pfn;
                const next = Math.min(end, (within ? span.end : span?.start) ?? end);
                if (!within) {
                    total += next - pfn;
                    first ??= { gpa: run.gpa + pfn * page.size - run.pa, pfn };
                }
                pfn = next;
            }
        }
        if (first) {
            const pa = first.pfn * page.size;
            tell('LU1101', {
                about: o.guest,
                history: [...historyOf(o.guest), ...chronicle.ofAddress(pa)],
                data: { guest: o.guest, address: hex(pa), gpa: hex(first.gpa), pages: total },
                message: `vCPUs of guest "${o.guest}" go on while the kernel is replaced, and can write to ${pagesText(page, total)} that ${be(total)} not preserved, from ${hex(pa)} (guest address ${hex(first.gpa)}) on: memory${owners.of(host.running.memmap.ownerOf(first.pfn))}. The next kernel reuses the memory.`,
            });
        }
    };

    const checkTables = (o: Orphan, spans: readonly Span[], tell: typeof say): void => {
        if (!isCovered(spans, Math.floor(o.tables / page.size))) {
            tell('LU1104', {
                about: o.guest,
                history: [...historyOf(o.guest), ...chronicle.ofAddress(o.tables)],
                data: { guest: o.guest, table: hex(o.tables) },
                message: `vCPUs of guest "${o.guest}" go on while the kernel is replaced, but their second-level tables at ${hex(o.tables)} are not preserved: the next kernel reuses the memory, and the processor still reads it as a table.`,
            });
        }
    };

    const failed = (guest: string, index: number, why: string): void => {
        const o = host.guests.of(guest)?.orphans.find((x) => x.index === index);
        const base = { about: guest, history: historyOf(guest) };
        const data = { guest, vcpu: index, why };
        if (why === 'init') {
            say('LU1102', {
                ...base,
                data: { ...data, cpu: o?.cpu ?? -1 },
                message: `vCPU ${index} of guest "${guest}" ends: kernel ${host.boot + 1} does not know that processor ${o?.cpu ?? -1} is set aside, and starts it with INIT, which resets it in the middle of an instruction of the guest.`,
            });
        } else if (why === 'tables') {
            say('LU1104', {
                ...base,
                history: [...base.history, ...chronicle.ofAddress(o?.tables ?? 0)],
                data: { guest, table: hex(o?.tables ?? 0) },
                message: `vCPU ${index} of guest "${guest}" ends: its second-level tables at ${hex(o?.tables ?? 0)} contain something else.`,
            });
        } else {
            say('LU1107', {
                ...base,
                data,
                message: `vCPU ${index} of guest "${guest}" ends in the caretaker: ${
                    why === 'code'
                        ? 'the code for one of its exits is not in the resident section, and no kernel is mapped there'
                        : why === 'text'
                          ? `the code of the caretaker at ${hex(o?.text ?? 0)} was overwritten`
                          : `nothing there can continue it after an exit of kind ${why}`
                }.`,
            });
        }
    };

    const stalled = (guest: string, index: number, why: string): void => {
        const o = host.guests.of(guest)?.orphans.find((x) => x.index === index);
        say('LU1103', {
            about: `${guest} ${index}`,
            history: historyOf(guest),
            data: { guest, vcpu: index, exit: why, ...(why === 'ept' ? { gpa: hex(o?.gpa ?? 0) } : {}) },
            message: `vCPU ${index} of guest "${guest}" waits from ${duration(clock.now)} on, until a kernel takes it over: the caretaker cannot handle ${EXITS[why] ?? why}${why === 'ept' ? ` (${hex(o?.gpa ?? 0)})` : ''}.`,
        });
    };

    return {
        vcpu(guest, index, state, why): void {
            if (state === 'failed') {
                failed(guest, index, why);
            } else if (state === 'stalled') {
                stalled(guest, index, why);
            }
        },
        /** LU1105: the interrupt of a device. */
        interrupt(device, vector, { outcome, why }): void {
            if (outcome !== 'lost' || processors.jobs.length === 0) {
                return;
            }
            const line = pci.interrupts.lineOf(device, vector);
            if (line && (host.guests.of(line.guest)?.orphans.length ?? 0) > 0) {
                say('LU1105', {
                    about: `${line.guest} ${device.shape.name} ${vector}`,
                    history: historyOf(line.guest),
                    data: { guest: line.guest, device: device.shape.name, vector },
                    message: `Guest "${line.guest}" goes on, but an interrupt of ${device.shape.name} (vector ${vector}) for it was lost: ${why}.`,
                });
            }
        },
        handingOver(kernel, tell): void {
            const orphans = orphansIn(kernel);
            const spans = orphans.length > 0 ? keptSpans(kernel) : [];
            for (const o of orphans.filter((x, i) => orphans.findIndex((y) => y.guest === x.guest) === i)) {
                checkMemory(o, spans, tell);
                checkTables(o, spans, tell);
            }
            for (const vm of kernel.vms) {
                const ignored = vm.vcpus.items.filter((v) => v.preserved && v.state !== 'suspended');
                for (const v of ignored.filter((x) => x.pending.length > 0)) {
                    tell('LU1105', {
                        about: `${vm.name} ${v.index}`,
                        history: historyOf(vm.name),
                        data: { guest: vm.name, vcpu: v.index, vectors: v.pending },
                        message: `${counted(v.pending.length, 'interrupt')} of guest "${vm.name}" ${be(v.pending.length)} lost: KVM accepted ${v.pending.length === 1 ? 'it' : 'them'} for vCPU ${v.index}, which runs in the caretaker and has no posted-interrupt descriptor.`,
                    });
                }
                const suspended = vm.vcpus.items.filter((v) => v.state === 'suspended').length;
                if (suspended > 0 && hasSeries(kernel.desc.layers, 'caretaker')) {
                    tell('LU1106', {
                        about: vm.name,
                        history: historyOf(vm.name),
                        data: { guest: vm.name, vcpus: suspended },
                        message: `${counted(suspended, 'vCPU')} of guest "${vm.name}" ${suspended === 1 ? 'stands' : 'stand'} still during the reboot: when ${suspended === 1 ? 'it was' : 'they were'} preserved, the session had no processor that is set aside.`,
                    });
                }
            }
        },
    };
});
