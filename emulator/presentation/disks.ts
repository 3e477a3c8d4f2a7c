/** NVMe disks: their queues as they are in memory, the commands in flight, and what their drivers have not read. */
import type { Device } from '../machine/devices/device';
import { type Command, COMPLETION, type NvmeController, operationOf, SUBMISSION } from '../machine/devices/nvme';
import type { Machine } from '../machine/machine';
import { duration } from '../text/durations';
import { counted, countOf, hex } from '../text/text';
import { bytesAt, memoryOf } from './bytes';
import { group, leaf, listing, type Item } from './item';

function commandText(command: Command, now: number): string {
    const { lba, blocks, due } = command;
    const where = blocks === 0 ? '' : ` ${counted(blocks, 'block')} at ${lba}`;
    return `${operationOf(command)}${where}${due > now ? `, executed in ${duration(due - now)}` : ''}`;
}

function commandsItem(name: string, commands: readonly Command[], now: number): Item {
    return listing(name, 'command', commands.length, (i) => {
        const c = commands[i];
        return c ? leaf(`id ${c.id}`, commandText(c, now)) : leaf('none', '');
    });
}

/** A queue in memory; its slots have no addresses if nothing is mapped for the device there. */
function queueItem(machine: Machine, d: Device, name: string, value: string, iova: number, size: number): Item {
    const area = d.intent?.areaAt(iova);
    const pa = area ? area.pa + iova - area.iova : undefined;
    return {
        name,
        value: `device address ${hex(iova)}; ${value}`,
        ...(area && pa !== undefined
            ? {
                  address: pa,
                  children: {
                      named: () => [bytesAt(memoryOf(machine), pa, Math.min(size, area.pa + area.length - pa))],
                  },
              }
            : {}),
    };
}

export function diskItem(machine: Machine, d: Device, disk: NvmeController): Item {
    const { queues, flight, unread } = disk;
    const { now } = machine.clock;
    return group('disk', queues ? `${countOf(flight.length, 'command')} in flight` : 'no queues', () => [
        ...(queues
            ? [
                  queueItem(
                      machine,
                      d,
                      'submission queue',
                      `${queues.entries} slots, head ${disk.submissionHead}, tail ${disk.submissionTail}`,
                      queues.submission,
                      queues.entries * SUBMISSION,
                  ),
                  queueItem(
                      machine,
                      d,
                      'completion queue',
                      `head ${disk.completionHead}, tail ${disk.completionTail}, phase ${disk.phase}`,
                      queues.completion,
                      queues.entries * COMPLETION,
                  ),
              ]
            : []),
        commandsItem('in flight', flight.items, now),
        commandsItem('not read by the driver', unread.items, now),
        leaf(
            'commands',
            `${disk.submitted} taken, ${disk.executed} executed, ${disk.aborted} aborted; ${counted(disk.lost, 'completion')} lost`,
        ),
    ]);
}
