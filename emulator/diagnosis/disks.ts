/** Requests to NVMe disks over a live update: lost, executed without an answer, answered by mistake, out of order. */
import { listed, counted, hex } from '../text/text';
import type { Kernel } from '../kernel/kernel';
import type { Device } from '../machine/devices/device';
import {
    type Command,
    COMPLETION,
    COMPLETION_ID,
    NVME_READ,
    NVME_WRITE,
    type NvmeEvent,
    operationOf,
} from '../machine/devices/nvme';
import { type Journal, JournaledList, JournaledMap, JournaledRecord } from '../machine/journal';
import type { HistoryLine } from '../findings/diagnosis';
import type { Place } from '../findings/place';
import { blame } from './blame';
import { ruleFile } from './rules';
import { some } from './wording';

/** A request without an answer. */
class Request extends JournaledRecord {
    /** Executed with success. */
    readonly done: boolean = false;
    /** Its queue was deleted before its answer was read, by a live update or after it. */
    readonly dropped: boolean = false;
    /** Its driver takes it for executed, because of an old completion. */
    readonly believed: boolean = false;
    /** A write that was submitted later and has been executed since, to the same blocks with other data. */
    readonly newer: Request | null;

    constructor(
        journal: Journal,
        readonly command: Command,
        readonly boot: number,
        readonly place: Place | undefined,
        /** The request of an earlier queue that this one repeats. */
        readonly first: Request | null,
    ) {
        super(journal);
        this.newer = first?.newer ?? null;
    }

    /** Its place in the order of the user's requests: that of the request that it repeats. */
    get order(): number {
        return this.first?.order ?? this.command.serial;
    }
}

const overlap = (a: Command, b: Command): boolean => a.lba < b.lba + b.blocks && b.lba < a.lba + a.blocks;

const sameData = (a: Command, b: Command): boolean =>
    a.data.length === b.data.length && a.data.every((byte, i) => byte === b.data[i]);

const sameRequest = (a: Command, b: Command): boolean =>
    a.opcode === b.opcode && a.lba === b.lba && a.blocks === b.blocks && sameData(a, b);

function requestText(command: Command): string {
    const { lba, blocks } = command;
    const where = blocks === 0 ? '' : blocks === 1 ? ` block ${lba}` : ` blocks ${lba} to ${lba + blocks - 1}`;
    return `${operationOf(command)}${where}`;
}

export const diskRules = ruleFile(['LU1125', 'LU1126', 'LU1127', 'LU1128', 'LU1129'], ({ host, say }) => {
    const { machine } = host;
    const { journal } = machine;
    /** By device, the requests without an answer, in the order of their submission. */
    const open = new JournaledMap<Device, JournaledList<Request>>(journal);

    const requestsOf = (device: Device): JournaledList<Request> => {
        let list = open.get(device);
        if (!list) {
            list = new JournaledList<Request>(journal);
            open.set(device, list);
        }
        return list;
    };

    const lineOf = (r: Request, what = 'was submitted'): HistoryLine => ({
        boot: r.boot,
        place: r.place,
        text: `request ${r.command.id} (${requestText(r.command)}) ${what}`,
    });

    const dataOf = (device: Device, { command }: Request) => ({
        device: device.shape.name,
        at: device.name,
        request: command.id,
        operation: operationOf(command),
        block: command.lba,
        blocks: command.blocks,
    });

    const submitted = (device: Device, command: Command): void => {
        const list = requestsOf(device);
        const repeated = list.items.find((r) => r.dropped && sameRequest(r.command, command)) ?? null;
        if (repeated) {
            list.remove(repeated);
        }
        list.push(new Request(journal, command, host.boot, blame(host), repeated));
    };

    /** LU1129 */
    const differs = (device: Device, r: Request, how: string): void =>
        say('LU1129', {
            about: `${device.shape.name} ${r.command.serial}`,
            history: [lineOf(r)],
            data: dataOf(device, r),
            message: `The driver of ${device.shape.name} takes its request ${r.command.id} (${requestText(r.command)}) for executed, but ${how}: the disk has other data than its user was told.`,
        });

    /** LU1128, LU1129 */
    const executed = (device: Device, command: Command, status: number): void => {
        const list = requestsOf(device);
        const request = list.items.find((r) => r.command === command);
        if (!request || status !== 0) {
            return;
        }
        if (command.opcode === NVME_READ) {
            const stale = list.items.find((r) => r.believed && !r.done && overlap(r.command, command));
            if (stale) {
                differs(device, stale, `a read of ${requestText(command).replace('read ', '')} has brought older data`);
            }
        }
        if (command.opcode === NVME_WRITE) {
            const { first, newer } = request;
            // of writes that are in flight together, the disk has executed one after the other: it has no order
            if (first && newer) {
                say('LU1128', {
                    about: `${device.shape.name} ${command.serial}`,
                    history: [lineOf(first), lineOf(newer), lineOf(request, 'was submitted again')],
                    data: { ...dataOf(device, request), newer: newer.command.id },
                    message: `${device.shape.name} has executed an old write again: ${requestText(command).replace('write ', '')} had newer data, of request ${newer.command.id}, and now has the older data again.`,
                });
            }
            for (const r of list) {
                const older = r.command.opcode === NVME_WRITE && r.order < request.order;
                if (older && overlap(r.command, command) && !sameData(r.command, command)) {
                    journal.edit<Request>(r).newer = request;
                }
            }
        }
        journal.edit<Request>(request).done = true;
    };

    /** What the completion queue has in a slot; −1: the driver's kernel does not know where it is. */
    const idIn = (device: Device, slot: number): number => {
        const iova = (device.disk?.queues?.completion ?? 0) + slot * COMPLETION + COMPLETION_ID;
        const area = device.intent?.areaAt(iova);
        return area ? machine.memory.readU16(area.pa + iova - area.iova) : -1;
    };

    /** LU1125 */
    const answered = (device: Device, commands: readonly Command[], beyond: readonly number[]): void => {
        const list = requestsOf(device);
        for (const request of list.items.filter((r) => commands.includes(r.command))) {
            list.remove(request);
        }
        if (beyond.length === 0) {
            return;
        }
        const ids = beyond.map((slot) => idIn(device, slot));
        const believed = list.items.filter((r) => !r.dropped && ids.includes(r.command.id));
        for (const r of believed) {
            journal.edit<Request>(r).believed = true;
        }
        const name = device.shape.name;
        const queue = device.disk?.queues;
        say('LU1125', {
            about: name,
            history: believed.map((r) => lineOf(r)),
            data: { device: name, at: device.name, slots: [...beyond], requests: ids },
            message: `The driver of ${name} has taken ${counted(beyond.length, 'entry')} of the completion queue at ${hex(queue?.completion ?? 0)} for ${beyond.length === 1 ? 'a completion' : 'completions'}, from slot ${beyond[0] ?? 0} on, that ${name} has not written since the queue was created${believed.length > 0 ? `: ${listed(believed.map((r) => `request ${r.command.id}`))} ${believed.length === 1 ? 'is' : 'are'} not executed` : ''}.`,
        });
    };

    /** Requests of a device that no live update concerns are of no interest after the end of their queue. */
    const deleted = (device: Device): void => {
        const list = requestsOf(device);
        const preserved = (host.kernel?.devices.pci.of(device)?.outgoing ?? 0) !== 0;
        for (const r of [...list.items]) {
            if (r.boot === host.boot && !preserved) {
                list.remove(r);
            } else if (!r.dropped) {
                journal.edit<Request>(r).dropped = true;
            }
            if (r.believed && !r.done) {
                differs(device, r, 'its queue was deleted before the disk executed it');
                list.remove(r);
            }
        }
    };

    /** LU1126, LU1127: what earlier kernels have left. */
    const atEnd = (_kernel: Kernel, tell: typeof say): void => {
        for (const [device, list] of open) {
            const left = list.items.filter((r) => r.boot < host.boot && (r.dropped || r.done));
            const name = device.shape.name;
            for (const code of ['LU1126', 'LU1127'] as const) {
                const these = left.filter((r) => r.done === (code === 'LU1126'));
                const [first] = these;
                if (first) {
                    const texts = some(these.map((r) => requestText(r.command)));
                    const n = counted(these.length, 'request');
                    tell(code, {
                        about: name,
                        history: these.map((r) => lineOf(r)),
                        data: { ...dataOf(device, first), requests: these.map((r) => r.command.id) },
                        message: first.done
                            ? `${name} has executed ${n} of kernel ${first.boot + 1} (${texts}), but its driver has not read the ${these.length === 1 ? 'completion' : 'completions'}: the user waits for an answer.`
                            : `${name} has not executed ${n} of kernel ${first.boot + 1} (${texts}): the queue was deleted before, and the driver has not submitted ${these.length === 1 ? 'it' : 'them'} again.`,
                    });
                }
            }
        }
    };

    return {
        disk(device, event: NvmeEvent): void {
            switch (event.kind) {
                case 'submitted':
                    submitted(device, event.command);
                    break;
                case 'executed':
                    executed(device, event.command, event.status);
                    break;
                case 'answered':
                    answered(device, event.commands, event.beyond);
                    break;
                case 'deleted':
                    deleted(device);
            }
        },
        /** A crash or a power cut also ends those who wait. */
        lost(): void {
            open.clear();
        },
        atEnd,
    };
});
