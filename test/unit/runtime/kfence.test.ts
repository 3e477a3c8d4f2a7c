/** The pool of KFENCE: where a kernel has it, and what becomes of a map of preserved memory with parts in it. */
import assert from 'node:assert/strict';
import { KFENCE_POOL } from '../../../emulator/kernel/mm/kfence';
import { programOf } from '../../support/programs';
import { failureOf } from '../../support/runs';
import { Run } from '../../../emulator/run/run';

/** Hands a page over twice; the last kernel checks whether it has arrived. */
function scenario(machine: string, kernels: readonly [string, string, string], arrives: boolean): string {
    const [first, second, third] = kernels;
    return `machine { ${machine} }
struct Note { data: phys }
fn pass_on() {
    note = kho.alloc_preserve(Note)
    page = alloc_folio(owner: "data")
    if kho.has_subtree("note") {
        old = at(Note, kho.retrieve_subtree("note").phys)
        before = try kho.restore_folio(old.data)
        if before == -EIO { return }
        klog_info("the page has arrived")
        kho.restore_free(old)
    }
    kho.preserve_folio(page)
    note.data = phys(page)
    kho.add_subtree("note", phys(note), sizeof(Note))
}
kernel "with" from "6.17" { kfence on; init { pass_on() } }
kernel "without" from "6.17" { init { pass_on() } }
kernel "fixed" from "6.18" { kfence on; init { pass_on() } }
fn update(name: string) {
    open("/sys/kernel/debug/kho/out/finalize").pwrite("1", at: 0)
    kexec_file_load(name)
    reboot(KEXEC)
}
scenario "s" {
    boot "${first}"
    process admin { update("${second}") }
    assert kernel.logged("the page has arrived")
    process admin { update("${third}") }
    assert kernel.logged("the page has arrived") == ${arrives}
}`;
}

const failure = (...args: Parameters<typeof scenario>): string | undefined => failureOf(programOf(scenario(...args)));

suite('KFENCE', () => {
    test('a kernel started by kexec has its pool in scratch; the next one clears it before it reads its map', () => {
        assert.equal(failure('memory 2GiB', ['with', 'with', 'with'], false), undefined);
    });

    test('the map arrives if the pool is not in scratch, or the next kernel has no early memory there', () => {
        assert.equal(failure('memory 2GiB', ['with', 'with', 'without'], true), undefined);
        assert.equal(failure('memory 2GiB', ['with', 'without', 'with'], true), undefined);
        assert.equal(failure('memory 2GiB', ['fixed', 'fixed', 'fixed'], true), undefined);
    });

    test('arm64 does not clear the pool', () => {
        assert.equal(failure('arch arm64; memory 2GiB', ['with', 'with', 'with'], true), undefined);
    });

    test('the pool has its size, whatever the size of a page', () => {
        const size = (text: string): number => {
            const program = programOf(`${text}\nkernel "k" from "7.2" { kfence on }\nscenario "s" { boot "k" }`);
            const { host } = Run.start(program, { scenario: 's' });
            host.interpreter.run(Number.MAX_SAFE_INTEGER);
            const { memmap } = host.running;
            const owner = host.machine.owners.id(KFENCE_POOL);
            const { size: page } = host.machine.page;
            return memmap.reserved.filter((r) => r.owner === owner).reduce((n, r) => n + (r.end - r.start) * page, 0);
        };
        assert.equal(size(''), 2 * 2 ** 20);
        assert.equal(size('machine { arch arm64; page 16KiB }'), 8 * 2 ** 20);
    });
});
