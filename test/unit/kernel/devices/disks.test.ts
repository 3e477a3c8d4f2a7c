/** NVMe disks: queues, doorbells, phases, and requests over a live update. */
import assert from 'node:assert/strict';
import { findingsOf, programOf } from '../../../support/programs';
import { failuresOf } from '../../../support/runs';

const HEAD = `
import <nvme>
machine {
    memory 1GiB
    iommu vtd
    device disk0 at "0000:5e:00.0" { kind nvme; driver vfio; msix 1 }
}
kernel "next" from "7.3" { layers pci, vfio, iommu; vfio_phase keep }
const IOVA = 0x10_0000
fn bound(memory) {
    ioas = open("/dev/iommu").ioas_alloc()
    ioas.map(memory, iova: IOVA, length: NVME_MEMORY)
    disk = open("/dev/vfio/devices/vfio0")
    disk.bind_iommufd(ioas)
    return disk
}
fn queues() {
    memory = memfd_create("queues")
    memory.truncate(NVME_MEMORY)
    return memory
}
`;

/** Runs statements of a process that has a disk `d` with queues in `memory`. */
function passes(statements: string): void {
    const program = programOf(`${HEAD}
scenario "s" {
    boot "next"
    process vmm {
        memory = queues()
        disk   = bound(memory)
        d = nvme_start(disk0, memory, IOVA)
        ${statements}
        disk.close()
    }
}`);
    assert.deepEqual(findingsOf(program), []);
    assert.deepEqual(failuresOf(program), []);
}

suite('NVMe disks', () => {
    test('a block is on the disk after its completion, and not before', () =>
        passes(`
        nvme_write(d, 5, bytes("data"))
        assert disk0.in_flight == 1 && disk0.block(5) == zeros(4096)
        sleep 15us
        assert disk0.in_flight == 0 && disk0.block(5) == bytes("data", zeros(4092)) && disk0.unread_completions == 1
        assert disk0.interrupts == 1
        assert nvme_poll(d) == [record(id: 0, status: 0)] && disk0.unread_completions == 0
        assert nvme_read_block(d, 5) == bytes("data", zeros(4092))
        assert nvme_read_block(d, 6) == zeros(4096)`));

    test('the phase changes with each pass through the queue', () =>
        passes(`
        for i in 0..100 { nvme_write_block(d, i, bytes(i)) }
        for i in 0..100 { assert disk0.block(i) == bytes(i, zeros(4095)) }
        assert disk0.executed == 100`));

    test('as many commands as slots less one are in flight, and their completions wait for room', () =>
        passes(`
        for i in 0..63 { assert nvme_write(d, i, bytes(i)) == i }
        assert nvme_write(d, 63, bytes(1)) == -1
        sleep 1ms
        assert disk0.in_flight == 0 && disk0.unread_completions == 63
        assert nvme_poll(d).length == 63`));

    test('a read takes longer than a write, and flush needs no block', () =>
        passes(`
        nvme_read(d, 0)
        nvme_write(d, 1, bytes(1))
        nvme_flush(d)
        done = nvme_wait(d)
        assert done[0].id == 1 && done[1].id == 2 && done[2].id == 0`));

    test('wrong commands have a status', () =>
        passes(`
        nvme_submit(d, 9, 0, bytes())
        nvme_read(d, 1 << 40)
        memory.pwrite(bytes(2, 0, 7, 0, 1, zeros(19), nvme_u64(0xdead_0000), zeros(32)), at: 128)   // no such memory
        disk0.ring_submission(3)
        sleep 1ms
        statuses = []
        for i in 0..3 {
            entry = memory.pread(16, at: NVME_CQ + i * 16)
            statuses.push((entry[14] + (entry[15] << 8)) >> 1)
        }
        assert statuses == [0x01, 0x80, 0x04]
        disk0.ring_completion(3)`));

    test('a reset ends the queues; the disk keeps its blocks', () =>
        passes(`
        nvme_write_block(d, 1, bytes("kept"))
        nvme_write(d, 2, bytes("lost"))
        disk0.reset()
        sleep 1ms
        assert disk0.aborted == 1 && disk0.executed == 1 && !disk0.running
        assert disk0.block(1) == bytes("kept", zeros(4092)) && disk0.block(2) == zeros(4096)
        disk0.ring_submission(5)                // no effect without queues
        assert disk0.commands == 2`));

    test('a deleted mapping loses completions', () => {
        const program = programOf(`${HEAD}
scenario "s" {
    boot "next"
    process vmm {
        memory = queues()
        disk   = bound(memory)
        d = nvme_start(disk0, memory, IOVA)
        nvme_write(d, 2, bytes("on the disk"))
        disk0.bus_master = false
        sleep 1ms
        assert disk0.lost_completions == 1 && disk0.executed == 1
        assert nvme_poll(d).length == 0
        assert disk0.block(2) != zeros(4096)
    }
}`);
        assert.deepEqual(failuresOf(program), []);
    });

    for (const [choosing, last] of [
        ['', 2],
        [' choosing "timer #0: 2"', 1],
    ] as const) {
        test(`writes in flight at the same time have no order, and no finding: ${last} is last`, () => {
            const program = programOf(`${HEAD}
scenario "s"${choosing} {
    boot "next"
    process vmm {
        memory = queues()
        disk   = bound(memory)
        d = nvme_start(disk0, memory, IOVA)
        for i in 0..2 {
            memory.pwrite(bytes(i + 1), at: NVME_BUFFERS + i * NVME_BLOCK)
            nvme_queue(d, i, NVME_WRITE, 7)
        }
        disk0.ring_submission(2)                // one doorbell for both
        sleep 1ms
        assert nvme_poll(d).length == 2
        assert disk0.block(7)[0] == ${last}
        disk.close()
    }
    assert !diagnosed("LU1128")
}`);
            assert.deepEqual(findingsOf(program), []);
            assert.deepEqual(failuresOf(program), []);
        });
    }
});
