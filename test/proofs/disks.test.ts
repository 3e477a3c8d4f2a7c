/**
 * NVMe disks against a naive model: a user writes and reads blocks, one at a time or several at once, over live updates
 * that keep the disk running or reset it. The disk holds what the user was told, whatever order the controller chose,
 * and no correct driver has a finding.
 */
import assert from 'node:assert/strict';
import { findingsOf, programOf } from '../support/programs';
import { Random } from '../support/random';
import { failuresOf } from '../support/runs';

const RUNS = 16;
const BLOCKS = 6;

const HEAD = `import <nvme>
machine {
    memory 1GiB
    iommu vtd
    device disk0 at "0000:5e:00.0" { kind nvme; driver vfio; msix 0 }
}
kernel "keep"  from "7.3" { layers pci, vfio, iommu; vfio_phase keep }
kernel "reset" from "7.3" { layers pci, vfio, iommu; vfio_phase reset }
const IOVA = 0x10_0000
fn attach(memory, iommu, disk) {
    ioas = iommu.ioas_alloc()
    ioas.map(memory, iova: IOVA, length: NVME_MEMORY)
    hwpt = ioas.hwpt_alloc(disk)
    disk.attach_iommufd_pt(hwpt)
    return hwpt
}
fn start() {
    memory = memfd_create("queues", flags: MFD_ALLOW_SEALING)
    memory.truncate(NVME_MEMORY)
    memory.add_seals(F_SEAL_SEAL | F_SEAL_GROW | F_SEAL_SHRINK)
    iommu = open("/dev/iommu")
    disk  = open("/dev/vfio/devices/vfio0")
    disk.bind_iommufd(iommu)
    attach(memory, iommu, disk).mark_preserve(token: 1)
    session = open("/dev/liveupdate").create_session("guest")
    session.preserve_fd(memory, token: 1)
    session.preserve_fd(iommu, token: 2)
    session.preserve_fd(disk, token: 3)
    return nvme_start(disk0, memory, IOVA)
}
fn take_over(kept: bool) {
    session = open("/dev/liveupdate").retrieve_session("guest")
    memory  = session.retrieve_fd(token: 1)
    iommu   = session.retrieve_fd(token: 2)
    disk    = session.retrieve_fd(token: 3)
    disk.bind_iommufd(iommu)
    attach(memory, iommu, disk)
    session.finish()
    if kept { return nvme_attach(disk0, memory, IOVA) }
    return nvme_recover(disk0, memory, IOVA)
}
`;

/** Statements for some requests; afterwards the model has what the disk must have when all are answered. */
function requests(random: Random, model: number[], answered: boolean): string {
    const lines: string[] = [];
    for (let n = random.below(8); n > 0; n--) {
        const block = random.below(BLOCKS);
        const value = 1 + random.below(250);
        switch (random.below(4)) {
            case 0:
                lines.push(`assert nvme_read_block(d, ${block})[0] == ${model[block]}`);
                break;
            case 1:
                lines.push(`nvme_write_block(d, ${block}, bytes(${value}))`);
                model[block] = value;
                break;
            case 2:
                lines.push(`sleep ${random.below(30)}us`);
                break;
            default:
                // several at once: each to another block, because a disk has no order
                for (let i = 0; i < BLOCKS; i++) {
                    if (random.below(2) === 0) {
                        lines.push(`nvme_write(d, ${i}, bytes(${value}))`);
                        model[i] = value;
                    }
                }
                lines.push('nvme_wait(d)');
        }
    }
    // in flight, or answered without being read, when the kernel is replaced
    for (let i = 0; i < BLOCKS; i++) {
        if (!answered && random.below(2) === 0) {
            const value = 1 + random.below(250);
            lines.push(`nvme_write(d, ${i}, bytes(${value}))`);
            model[i] = value;
        }
    }
    return lines.map((l) => `        ${l}\n`).join('');
}

function scenario(random: Random): string {
    const model = Array.from({ length: BLOCKS }, () => 0);
    const kernel = random.below(2) === 0 ? 'keep' : 'reset';
    const before = requests(random, model, false);
    const after = requests(random, model, true);
    return `${HEAD}
scenario "s" {
    boot "${kernel}"
    process vmm {
        d = start()
        kexec_file_load("${kernel}")
${before}        sleep ${random.below(25)}us
        reboot(KEXEC)
    }
    process vmm {
        d = take_over(${kernel === 'keep'})
        nvme_wait(d)
${after}    }
${model.map((value, i) => `    assert disk0.block(${i})[0] == ${value}\n`).join('')}    assert disk0.unread_completions == 0 && disk0.in_flight == 0
    for code in ["LU1125", "LU1126", "LU1127", "LU1128", "LU1129"] { assert !diagnosed(code) }
}
`;
}

suite('disks over a live update', () => {
    test('hold what a naive model says', () => {
        const random = new Random(1125);
        for (let run = 0; run < RUNS; run++) {
            const text = scenario(random);
            const program = programOf(text);
            assert.deepEqual(findingsOf(program), [], text);
            assert.deepEqual(failuresOf(program), [], text);
        }
    });
});
