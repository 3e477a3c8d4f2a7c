/**
 * Interrupts that are lost, spurious or misrouted, or that are delivered through reused memory.
 */
import { TABLE_OWNER } from '../kernel/devices/tables';
import { DESCRIPTOR_OWNER } from '../kernel/kvm/posted';
import { Device } from '../machine/devices/device';
import type { Delivery } from '../machine/interrupts/delivery';
import type { GuestLine } from '../machine/interrupts/guest-line';
import { type Journal, JournaledRecord, JournaledMap } from '../machine/journal';
import { duration } from '../text/durations';
import { deviceOf, isStalled, outcomeText } from '../runtime/host/guest-interrupts';
import { blame } from './blame';
import { ruleFile } from './rules';
import type { HistoryLine } from '../findings/diagnosis';
import { counted, hex } from '../text/text';

/** Consecutive interrupts of a vector with the same outcome. */
class Stretch extends JournaledRecord {
    readonly count: number = 1;

    constructor(
        journal: Journal,
        readonly delivery: Delivery,
        readonly line: Omit<HistoryLine, 'text'>,
        readonly since: number,
    ) {
        super(journal);
    }
}

/** Number of stretches kept per vector. */
const KEPT = 6;

export const interruptRules = ruleFile(['LU1055', 'LU1056', 'LU1057', 'LU1058', 'LU1059'], (scene) => {
    const { host, chronicle, say } = scene;
    const { journal, owners, clock, pci, page } = host.machine;
    /** By device and vector, the oldest first. Replaced, never changed in place. */
    const stretches = new JournaledMap<string, readonly Stretch[]>(journal);
    const told = new JournaledMap<string, true>(journal);

    const isNew = (key: string): boolean => {
        const first = !told.has(key);
        if (first) {
            told.set(key, true);
        }
        return first;
    };

    const keyOf = (device: Device, vector: number): string => `${device.shape.name} ${vector}`;

    const remember = (device: Device, vector: number, delivery: Delivery): void => {
        const key = keyOf(device, vector);
        const known = stretches.get(key) ?? [];
        const last = known.at(-1);
        if (
            last?.delivery.outcome === delivery.outcome &&
            last.delivery.why === delivery.why &&
            last.line.boot === host.boot
        ) {
            journal.edit<Stretch>(last).count++;
        } else {
            stretches.set(key, [
                ...known.slice(1 - KEPT),
                new Stretch(journal, delivery, { boot: host.boot, place: blame(host) }, clock.now),
            ]);
        }
    };

    const historyOf = (device: Device, vector: number): HistoryLine[] =>
        (stretches.get(keyOf(device, vector)) ?? []).map(({ delivery, line, since, count }) => ({
            ...line,
            text:
                count === 1
                    ? `${device.shape.name} raised vector ${vector} at ${duration(since)}: it ${outcomeText(delivery)}`
                    : `${device.shape.name} raised vector ${vector} ${count} times from ${duration(since)} on: each time it ${outcomeText(delivery)}`,
        }));

    const dataOf = (device: Device, vector: number) => ({ device: device.shape.name, at: device.name, vector });

    const astray = (device: Device, vector: number, delivery: Delivery): void => {
        if (isNew(`LU1057 ${keyOf(device, vector)} ${host.boot} ${delivery.cpu} ${delivery.vector}`)) {
            say('LU1057', {
                about: `${keyOf(device, vector)} ${delivery.cpu} ${delivery.vector}`,
                history: historyOf(device, vector),
                data: {
                    ...dataOf(device, vector),
                    cpu: delivery.cpu,
                    hostVector: delivery.vector,
                    handler: delivery.handler,
                },
                message: `${device.shape.name} raised vector ${vector}, and its message ${outcomeText(delivery)}.`,
            });
        }
    };

    /** Whether a page that the hardware uses for interrupts still has its owner, or waits to be restored. */
    const isStill = (pa: number, owner: string): boolean => {
        const { kernel } = host;
        const pfn = Math.floor(pa / page.size);
        if (!kernel) {
            return true;
        }
        const state = kernel.memmap.stateOf(pfn);
        return (
            state === 'preserved' ||
            (kernel.memmap.isAllocated(pfn) && owners.name(kernel.memmap.ownerOf(pfn)).startsWith(owner))
        );
    };

    const reusedPage = (device: Device, vector: number, pa: number, what: string): void => {
        const { kernel } = host;
        const pfn = Math.floor(pa / page.size);
        if (kernel && isNew(`LU1059 ${pfn} ${host.boot}`)) {
            const state = kernel.memmap.stateOf(pfn);
            const now = state === 'free' ? 'free memory' : `memory${owners.of(kernel.memmap.ownerOf(pfn))}`;
            say('LU1059', {
                about: hex(pfn * page.size),
                history: [...chronicle.ofAddress(pa), ...historyOf(device, vector)],
                data: { ...dataOf(device, vector), table: hex(pa) },
                message: `An interrupt of ${device.shape.name} ${what} ${hex(pa)}, which is now ${now}.`,
            });
        }
    };

    /**
     * LU1055: drivers of guests that wait for an interrupt that will not come. Drivers of a guest that does not run are
     * left out.
     */
    const stalled = (tell: typeof say): void => {
        for (const line of pci.interrupts.lines) {
            const device = deviceOf(host, line);
            if (device && host.guests.of(line.guest)?.live?.running === true && isStalled(host, line)) {
                tell('LU1055', {
                    about: `${line.guest} ${keyOf(device, line.index)} ${device.awaits?.since ?? 0}`,
                    history: historyOf(device, line.index),
                    data: {
                        ...dataOf(device, line.index),
                        guest: line.guest,
                        raised: line.raised,
                        delivered: line.delivered,
                        lost: line.lost,
                        injected: line.injected,
                    },
                    message:
                        `The driver of ${device.shape.name} in ${line.guest} waits for vector ${line.index}, which ${device.shape.name} raised at ${duration(device.awaits?.since ?? 0)}: ` +
                        'this interrupt is lost, and the device raises no other until the driver responds.',
                });
            }
        }
    };

    /** The same for drivers of the kernel that runs. */
    const stalledDrivers = (tell: typeof say): void => {
        for (const device of pci.devices) {
            const { awaits, intent } = device;
            const own =
                awaits &&
                intent?.boot === host.boot &&
                !pci.interrupts.lineOf(device, awaits.vector) &&
                !device.msix.entry(awaits.vector).pending;
            if (own) {
                tell('LU1055', {
                    about: `${keyOf(device, awaits.vector)} ${awaits.since}`,
                    history: historyOf(device, awaits.vector),
                    data: dataOf(device, awaits.vector),
                    advice: "Set the device's vectors up again, and let its driver look for completed work.",
                    message:
                        `The driver of ${device.shape.name} waits for vector ${awaits.vector}, which ${device.shape.name} raised at ${duration(awaits.since)}: ` +
                        'this interrupt is lost, and the device raises no other until the driver responds.',
                });
            }
        }
    };

    /** LU1056: interrupts that a guest has taken without work to do. */
    const unexpected = (line: GuestLine, tell: typeof say): void => {
        const device = deviceOf(host, line);
        if (device && line.spurious > 0) {
            tell('LU1056', {
                about: `${line.guest} ${keyOf(device, line.index)}`,
                history: historyOf(device, line.index),
                data: {
                    ...dataOf(device, line.index),
                    guest: line.guest,
                    spurious: line.spurious,
                    injected: line.injected,
                },
                message: `${line.guest} took an interrupt of vector ${line.index} of ${device.shape.name} at which its driver found no work: ${line.injected > 0 ? 'its VMM had injected it' : 'the device had not raised it'}.`,
            });
        }
    };

    const look = (tell: typeof say): void => {
        stalledDrivers(tell);
        if (pci.interrupts.lines.length > 0) {
            stalled(tell);
            for (const line of pci.interrupts.lines) {
                unexpected(line, tell);
            }
        }
    };

    return {
        interrupt(device, vector, delivery): void {
            remember(device, vector, delivery);
            if (delivery.outcome === 'spurious' || delivery.outcome === 'misrouted') {
                astray(device, vector, delivery);
            } else if (
                delivery.descriptor >= 0 &&
                delivery.outcome !== 'refused' &&
                !isStill(delivery.descriptor, DESCRIPTOR_OWNER)
            ) {
                reusedPage(device, vector, delivery.descriptor, 'is posted to a descriptor at');
            }
        },
        remapped(device, vector, trail): void {
            const table = trail.find((pa) => !isStill(pa, `${TABLE_OWNER} `));
            if (table !== undefined) {
                reusedPage(device, vector, table, 'is remapped through a table at');
            }
        },
        /** LU1058 */
        handingOver(kernel, tell): void {
            for (const { fn, outgoing } of kernel.devices.pci.devs) {
                const open =
                    fn instanceof Device && outgoing !== 0 && fn.msix.enabled
                        ? kernel.devices.interrupts.of(fn).filter((irq) => !irq.preserved)
                        : [];
                if (fn instanceof Device && open.length > 0) {
                    tell('LU1058', {
                        about: fn.shape.name,
                        data: { ...dataOf(fn, 0), vectors: open.length },
                        message: `${fn.shape.name} keeps running over the kexec with ${counted(open.length, 'vector')} turned on, but ${open.length === 1 ? 'its destination is' : 'their destinations are'} not handed over.`,
                    });
                }
            }
        },
        slept: () => look(say),
        atEnd: (_kernel, tell) => look(tell),
    };
});
