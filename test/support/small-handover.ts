/**
 * A small handover with everything in it: two blocks of sessions and of files, FLBs, memfds with arrays of several
 * pages.
 */
import { inspectFile } from '../../emulator/handover/inspect';
import { sourceOf } from '../../emulator/machine/core-file';
import { handoversOf } from './handovers';
import { baseOf, type Base } from './mutate';
import { programOf } from './programs';

/** The machine, and the kernel with an FLB and a handler. */
export const SMALL_DECLARATIONS = `
    machine { map 0x1000 .. 0x9fc00; map 0x10_0000 .. 0x600_0000 }
    file note { id: u64 = 3 }
    flb shared "shared-v1" {
        preserve(args)   { args.data = 7; args.obj = 7 }
        unpreserve(args) { }
        retrieve(args)   { args.obj = args.data }
        finish(args)     { }
    }
    handler note_handler "note-v1" for note uses shared {
        can_preserve(file) { return file.kind == note }
        preserve(args)     { args.serialized_data = args.file.id }
        unpreserve(args)   { }
        retrieve(args)     { args.file = new note(id: args.serialized_data) }
        finish(args)       { }
    }
    file opener at "/dev/note" { }
    kernel "small" from "7.2-uma" {
        handlers + note_handler
        cmdline "kho_scratch=12M,0,8M"
        early_memory 1MiB
        page_cache 1MiB
        init { r = try shared.get_incoming(); if r == 0 { shared.put_incoming() } }
    }`;

const SOURCE = `${SMALL_DECLARATIONS}
    scenario "s" {
        boot "small"
        process agent {
            lu = open("/dev/liveupdate")
            for i in 0..53 { lu.create_session(str("session ", i)) }
            many = lu.create_session("many files")
            for i in 0..65 {
                f = memfd_create("f")
                f.write(bytes(str("file ", i)))
                many.preserve_fd(f, token: i)
                f.close()
            }
            large = lu.create_session("large")
            ram = memfd_create("ram", MFD_ALLOW_SEALING)
            ram.truncate(1100KiB)
            ram.pwrite(pattern(9, 100KiB), at: 900KiB)
            ram.add_seals(F_SEAL_GROW)
            large.preserve_fd(ram, token: 0xffff_ffff_ffff_0001)
            empty = memfd_create("empty")
            large.preserve_fd(empty, token: 2)
            kexec_file_load("small")
            reboot(KEXEC)
        }
    }`;

/** The image, made by the emulator; the same in every run. */
export function smallHandover(): Base {
    const program = programOf({ 'small.lus': SOURCE });
    const { host, images } = handoversOf(program, 's');
    const [image] = images;
    if (!image || image.length === 0 || host.interpreter.outcome?.failure) {
        throw new Error(
            `no handover: ${host.interpreter.outcome?.failure?.message ?? program.diagnostics.map((d) => d.message).join()}`,
        );
    }
    return baseOf(image, inspectFile(sourceOf(image)));
}
