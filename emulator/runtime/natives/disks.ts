/** NVMe disks for `.lus` code: the queues of their controllers, doorbells, and the blocks that they hold. */
import { Device } from '../../machine/devices/device';
import { BLOCK, MOST_ENTRIES, type NvmeController } from '../../machine/devices/nvme';
import { counted } from '../../text/text';
import { BYTES, INT } from '../../language/types';
import { asNumber, ProgramError } from '../../language/values';
import { Members, nothing, param } from './define';
import { boundOf } from './devices';

const ANYWHERE = 'any' as const;

function diskOf(device: Device): NvmeController {
    if (!device.disk) {
        throw new ProgramError(`${device.shape.name} is not an NVMe disk`);
    }
    return device.disk;
}

function blockArg(disk: NvmeController, lba: number, count: number): void {
    if (lba < 0 || count < 1 || lba + count > disk.blocks) {
        throw new ProgramError(`the disk has ${counted(disk.blocks, 'block')}, numbered from 0`);
    }
}

function slotArg(device: Device, slot: number): void {
    const { queues } = diskOf(device);
    if (queues && (slot < 0 || slot >= queues.entries)) {
        throw new ProgramError(`the queues of ${device.shape.name} have the slots 0 to ${queues.entries - 1}`);
    }
}

export const deviceDisk = new Members(Device, 'device', '')
    .field(
        'commands',
        INT,
        'The number of commands that an NVMe disk has taken from its submission queue.',
        ({ disk }) => disk?.submitted ?? 0,
    )
    .field('executed', INT, 'Those of them that it has executed.', ({ disk }) => disk?.executed ?? 0)
    .field('in_flight', INT, 'Those of them that it still has to execute.', ({ disk }) => disk?.flight.length ?? 0)
    .field(
        'aborted',
        INT,
        'Those of them that it never executes, because its queues were deleted or it was reset.',
        ({ disk }) => disk?.aborted ?? 0,
    )
    .field(
        'unread_completions',
        INT,
        'The completions in the queue of an NVMe disk that its driver has not read.',
        ({ disk }) => disk?.unread.length ?? 0,
    )
    .field(
        'lost_completions',
        INT,
        'The completions that did not reach memory: the IOMMU refused the write, or the disk could not send it.',
        ({ disk }) => disk?.lost ?? 0,
    )
    .method(
        'create_queues',
        [param('submission', INT), param('completion', INT), param('entries', INT)],
        { context: ANYWHERE, fails: true },
        'Create I/O Completion Queue and Create I/O Submission Queue of an NVMe disk, at these device addresses: both are empty, and the phase is 1. A pair that exists is deleted: its commands in flight are not executed. EBUSY: a live update has frozen the device.',
        (device, [submission, completion, entries], context) => {
            const disk = diskOf(device);
            const bound = boundOf(context, device);
            if (bound.refusal) {
                return bound.refusal;
            }
            const queues = {
                submission: asNumber(submission, 'the address of the submission queue'),
                completion: asNumber(completion, 'the address of the completion queue'),
                entries: asNumber(entries, 'the number of entries'),
            };
            if (queues.entries < 2 || queues.entries > MOST_ENTRIES) {
                throw new ProgramError(`a queue has 2 to ${MOST_ENTRIES} entries`);
            }
            return nothing(context.running.devices.createQueues(bound, disk, queues));
        },
    )
    .method(
        'ring_submission',
        [param('tail', INT)],
        { context: ANYWHERE, fails: true },
        'The doorbell of the submission queue of an NVMe disk: there are commands up to this slot. No effect without queues. EBUSY: a live update has frozen the device.',
        (device, [tail], context) => {
            const slot = asNumber(tail, 'the tail');
            slotArg(device, slot);
            return boundOf(context, device).refusal ?? nothing(diskOf(device).submit(slot));
        },
    )
    .method(
        'ring_completion',
        [param('head', INT)],
        { context: ANYWHERE, fails: true },
        'The doorbell of the completion queue of an NVMe disk: the driver has read the completions before this slot. No effect without queues. EBUSY: a live update has frozen the device.',
        (device, [head], context) => {
            const slot = asNumber(head, 'the head');
            slotArg(device, slot);
            return boundOf(context, device).refusal ?? nothing(diskOf(device).acknowledge(slot));
        },
    )
    .method(
        'block',
        [param('lba', INT), param('count', INT, 1)],
        { context: ANYWHERE, result: BYTES },
        'What an NVMe disk holds, as seen from outside of the machine: blocks of 4096 bytes. It takes no time.',
        (device, [lba, count]) => {
            const disk = diskOf(device);
            const [first, blocks] = [asNumber(lba, 'the block'), asNumber(count, 'the number of blocks')];
            blockArg(disk, first, blocks);
            return disk.medium.readBytes(first * BLOCK, blocks * BLOCK);
        },
    );
