/**
 * The next kernel has nothing but bytes: memory and setup data are written to a file at the jump, a new process boots
 * the next kernel from that file, and what follows is the same to the byte.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { handoversOf } from '../support/handovers';
import { ROOT } from '../support/repository';
import { findingsOf, programOf } from '../support/programs';
import { recordOf, Witness, type RunRecord } from '../support/witness';

/** Before the jump, and after it. */
interface Halves {
    readonly declarations: string;
    readonly before: string;
    readonly after: string;
}

const MEMFDS: Halves = {
    declarations: 'machine { memory 256MiB; memory 256MiB node 1 }',
    before: `
        process agent, vmm
        agent {
            lu = open("/dev/liveupdate")
            vm = lu.create_session("vm-1")
            send vm to vmm
            other = lu.create_session("other")
            text = memfd_create("text", MFD_ALLOW_SEALING)
            text.write(bytes("where everything is"))
            text.add_seals(F_SEAL_WRITE | F_SEAL_GROW)
            other.preserve_fd(text, token: 7)
            lost = lu.create_session("never retrieved")
            page = memfd_create("page")
            page.truncate(4096)
            lost.preserve_fd(page, token: 1)
        }
        vmm {
            ram = memfd_create("ram")
            ram.truncate(5MiB)
            ram.pwrite(pattern(3, 3MiB), at: 1MiB)
            vm.preserve_fd(ram, token: 1)
        }
        agent { kexec_file_load("7.2", "kho_scratch=64M,0,16M") }
        agent { reboot(KEXEC) }`,
    after: `
        process agent {
            lu = open("/dev/liveupdate")
            vm = lu.retrieve_session("vm-1")
            ram = vm.retrieve_fd(token: 1)
            assert ram.pread(3MiB, at: 1MiB) == pattern(3, 3MiB)
            other = lu.retrieve_session("other")
            text = other.retrieve_fd(token: 7)
            log(text.pos, " ", text.get_seals(), " ", text.pread(19, at: 0))
            vm.finish()
            log("unclaimed ", kho.incoming.unclaimed)
            more = memfd_create("more")
            more.pwrite(pattern(8, 2MiB), at: 0)
            again = lu.create_session("again")
            again.preserve_fd(more, token: 1)
            again.preserve_fd(ram, token: 2)
            kexec_file_load("7.2")
            reboot(KEXEC)
        }
        process agent {
            lu = open("/dev/liveupdate")
            again = lu.retrieve_session("again")
            ram = again.retrieve_fd(token: 2)
            assert ram.pread(3MiB, at: 1MiB) == pattern(3, 3MiB)
            again.finish()
            lu.retrieve_session("never retrieved")  fails ENOENT
        }`,
};

const HANDLERS: Halves = {
    declarations: `
        struct State { id: u64; ring: phys }
        file card at "/dev/card" {
            id: u64 = 5
            ring: folio
            open()    { ring = alloc_folio(order: 1) }
            release() { put_folio(ring) }
        }
        flb shared "shared-v1" {
            preserve(args)   { core = kho.alloc_preserve(State); args.data = phys(core); args.obj = core }
            unpreserve(args) { kho.unpreserve_free(args.obj) }
            retrieve(args)   { args.obj = at(State, args.data) }
            finish(args)     { kho.restore_free(args.obj) }
        }
        handler card_handler "card-v1" for card uses shared {
            can_preserve(file) { return file.kind == card }
            preserve(args) {
                state = kho.alloc_preserve(State)
                undo { kho.unpreserve_free(state) }
                kho.preserve_folio(args.file.ring)
                state.id = args.file.id
                state.ring = phys(args.file.ring)
                args.serialized_data = phys(state)
            }
            unpreserve(args) { kho.unpreserve_folio(args.file.ring); kho.unpreserve_free(at(State, args.serialized_data)) }
            freeze(args)     { log("freeze ", args.file.id) }
            retrieve(args) {
                state = at(State, args.serialized_data)
                args.file = new card(id: state.id, ring: kho.restore_folio(state.ring))
                kho.restore_free(state)
            }
            finish(args) { log("finish ", args.retrieve_status) }
        }
        kernel "with cards" from "7.2-uma" { handlers + card_handler; init { shared.get_incoming(); shared.put_incoming() } }`,
    before: `
        process agent {
            lu = open("/dev/liveupdate")
            s = lu.create_session("cards")
            a = open("/dev/card")
            b = open("/dev/card")
            s.preserve_fd(a, token: 1)
            s.preserve_fd(b, token: 2)
            kexec_file_load("with cards")
            reboot(KEXEC)
        }`,
    after: `
        process agent {
            lu = open("/dev/liveupdate")
            s = lu.retrieve_session("cards")
            a = s.retrieve_fd(token: 1)
            assert a.kind == card
            s.finish()
        }
        log("unclaimed ", kho.incoming.unclaimed)`,
};

function whole({ declarations, before, after }: Halves, first: string): string {
    return `${declarations}\nscenario "whole" {\n    boot "${first}"\n${before}\n${after}\n}\n`;
}

function rest({ declarations, after }: Halves): string {
    return `${declarations}\nscenario "rest" {\n    boot from image "made"\n${after}\n}\n`;
}

/** Runs what is in a folder as a program and an image. */
function inNewProcess(folder: string): {
    readonly stdout: string;
    readonly stderr: string;
    readonly status: number | null;
} {
    const args = ['rest.lus', 'memory.elf'].map((f) => path.join(folder, f));
    return spawnSync(process.execPath, [path.join(ROOT, 'test/run.mjs'), 'test/support/second-kernel.ts', ...args], {
        cwd: ROOT,
        encoding: 'utf8',
    });
}

suite('the next kernel has nothing but bytes', () => {
    let folder = '';
    setup(() => {
        folder = mkdtempSync(path.join(tmpdir(), 'lus-bytes-'));
    });
    teardown(() => rmSync(folder, { recursive: true, force: true }));

    for (const [name, halves, first] of [
        ['memfds on two nodes, two updates', MEMFDS, '7.2'],
        ['handlers and an FLB', HANDLERS, 'with cards'],
    ] as const) {
        test(name, function () {
            this.timeout(240_000);
            const program = programOf({ 'whole.lus': whole(halves, first) });
            assert.deepEqual(
                findingsOf(program).filter((f) => !f.includes('LU0209')),
                [],
            );
            const witness = new Witness();
            let jumps = 0;
            const { host, images } = handoversOf(program, 'whole', true, () => ({
                log: witness.log,
                jumped() {
                    // What follows the first jump is compared.
                    if (++jumps === 1) {
                        witness.lines = [];
                    }
                },
            }));
            const expected = recordOf(host, witness);
            assert.equal(expected.failure, null);
            const [image] = images;
            assert.ok(image);
            writeFileSync(path.join(folder, 'rest.lus'), rest(halves));
            writeFileSync(path.join(folder, 'memory.elf'), image);
            const { stdout, stderr, status } = inNewProcess(folder);
            assert.equal(status, 0, stderr);
            const found: unknown = JSON.parse(stdout);
            assert.deepEqual(found, expected satisfies RunRecord);
            assert.ok(expected.log.length > 5);
        });
    }

    test('an image without a loaded kernel says so', () => {
        const program = programOf({ 'whole.lus': whole(HANDLERS, 'with cards') });
        const { images } = handoversOf(program, 'whole');
        const bytes = images[0];
        assert.ok(bytes);
        writeFileSync(path.join(folder, 'memory.elf'), bytes);
        writeFileSync(path.join(folder, 'rest.lus'), rest(HANDLERS));
        const { stdout } = inNewProcess(folder);
        assert.match(stdout, /no kernel is loaded in image/);
    });
});
