/** Bits that flip on the way to the next kernel: which fields there are, what comes of it, and that it comes again. */
import assert from 'node:assert/strict';
import { Diagnoses } from '../../emulator/diagnosis/diagnoses';
import type { Exploration } from '../../emulator/explore/explore';
import { judge, violationsOf } from '../../emulator/explore/judge';
import { together } from '../../emulator/explore/profiles';
import type { OutcomeClass } from '../../emulator/explore/results';
import { askedBy } from '../../emulator/explore/settings';
import { choiceText } from '../../emulator/language/choice';
import type { Program } from '../../emulator/language/program';
import { errorsOf } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { explored } from '../support/explorations';
import { correctProgram, programOf } from '../support/programs';
import { failureOf, runToEnd } from '../support/runs';

const AGENT = `
scenario "an agent" HEAD {
    explore { flips luo_session_ser.*, memfd_luo_ser.size; faults 1 }
    boot "KERNEL"
    process luod
    luod {
        vm1 = open("/dev/liveupdate").create_session("vm-1")
        ram = memfd_create("guest-ram")
        ram.pwrite(pattern(1, 16KiB), at: 0)
        vm1.preserve_fd(ram, token: 1)
        kexec_file_load("KERNEL")
    }
    HANDOVER
    luod { reboot(KEXEC) }
    process luod {
        vm1 = open("/dev/liveupdate").retrieve_session("vm-1")
        ram = vm1.retrieve_fd(token: 1)
        assert ram.pread(16KiB, at: 0) == pattern(1, 16KiB), "the guest has its memory"
        vm1.finish()
    }
}`;

function agent({ head = '', handover = '', kernel = '7.2' } = {}): string {
    return AGENT.replace('HEAD', head).replace('HANDOVER', handover).replaceAll('KERNEL', kernel);
}

const LIMIT = 5e6;

function optionsOf(flips: readonly string[], faults = 1) {
    return { tried: together([{ flips }]), faults, switches: Infinity, limit: LIMIT, memory: 2 ** 22 };
}

function exploredFlips(text: string, flips: readonly string[], faults = 1): Exploration {
    return explored(correctProgram(text), optionsOf(flips, faults));
}

/** The fields of the structures, without their kernel. */
function fields({ coverage }: Exploration): string[] {
    return [...new Set(coverage.map((c) => c.what.replace(/^flip | in kernel \d+$/g, '')))];
}

function classWith({ classes }: Exploration, choice: string): OutcomeClass {
    const found = classes.find((c) => c.example.map(choiceText).includes(choice));
    assert.ok(found, choice);
    return found;
}

suite('exploring flipped bits', () => {
    test('the lowest and the highest bit of each field of the structures that are asked for, each once', () => {
        const text = agent();
        const [scenario] = correctProgram(text).scenarios;
        assert.ok(scenario);
        const { flips } = together(askedBy(scenario).tried);
        const found = exploredFlips(text, flips);
        assert.deepEqual(
            found.coverage.map((c) => `${c.what}: ${c.alternative} ${c.taken} of ${c.met}`),
            [
                'flip luo_session_ser.count in kernel 1: bit 0 1 of 1',
                'flip luo_session_ser.count in kernel 1: bit 63 1 of 1',
                'flip luo_session_ser.files in kernel 1: bit 0 1 of 1',
                'flip luo_session_ser.files in kernel 1: bit 63 1 of 1',
                'flip luo_session_ser.name in kernel 1: bit 0 1 of 1',
                'flip luo_session_ser.name in kernel 1: bit 511 1 of 1',
                'flip memfd_luo_ser.size in kernel 1: bit 0 1 of 1',
                'flip memfd_luo_ser.size in kernel 1: bit 63 1 of 1',
            ],
        );
        assert.equal(found.ends, 9);
    });

    test('a flip does what `corrupt` does to the same bit before the jump', () => {
        const found = exploredFlips(agent(), ['luo_session_ser.*', 'luo_file_ser.token', 'memfd_luo_ser.size']);
        const corrupted = (field: string, bit: number): string | undefined =>
            failureOf(correctProgram(agent({ handover: `at handover { corrupt ${field} xor 1 << ${bit} }` })));
        for (const [field, bit, choice] of [
            ['handed_over("vm-1").count', 0, 'flip luo_session_ser.count in kernel 1 #0: bit 0'],
            ['handed_over("vm-1").files', 0, 'flip luo_session_ser.files in kernel 1 #0: bit 0'],
        ] as const) {
            const flipped = failureOf(correctProgram(agent({ head: `choosing "${choice}"` })));
            assert.notEqual(flipped, undefined);
            assert.equal(flipped, corrupted(field, bit));
        }
        assert.match(
            classWith(found, 'flip memfd_luo_ser.size in kernel 1 #0: bit 63').outcome.message,
            /the guest has its memory/,
        );
        assert.match(classWith(found, 'flip luo_file_ser.token in kernel 1 #0: bit 0').outcome.message, /ENOENT/);
    });

    test('a finding that follows from a flip has it in its history', () => {
        const choosing = 'choosing "flip luo_session_ser.count in kernel 1 #0: bit 0"';
        const { host } = Run.start(correctProgram(agent({ head: choosing })));
        runToEnd(host);
        const [finding] = Diagnoses.of(host)?.found.items ?? [];
        assert.equal(finding?.code, 'LU1076');
        assert.ok(
            finding.history.some((line) => line.text === 'bit 0 of luo_session_ser.count flips on the way'),
            JSON.stringify(finding.history),
        );
    });

    test('the counterexample of a violation fails by itself, with the field in it', () => {
        const text = agent();
        const program = correctProgram(text);
        const options = optionsOf(['memfd_luo_ser.size']);
        const [violation] = violationsOf(exploredFlips(text, ['memfd_luo_ser.size']));
        assert.ok(violation);
        const check = (changed: string): Program | undefined => {
            const p = programOf(changed);
            return errorsOf(p).length > 0 ? undefined : p;
        };
        const work = judge({ program, options, text, check, late: () => false }, violation);
        let step = work.next();
        while (step.done !== true) {
            step = work.next();
        }
        const file = step.value.text ?? '';
        assert.match(file, /choosing "flip memfd_luo_ser\.size in kernel 1 #0: bit 63"/);
        assert.match(failureOf(correctProgram(file)) ?? '', /the guest has its memory/);
        assert.equal(failureOf(correctProgram(file.replace(/ choosing "[^"]*"/, ''))), undefined);
    });

    test('the structures of KHO: its FDTs, metadata, scratch areas, radix tree, blocks and vmalloc chunks', () => {
        const wanted = [
            'kho_block_header.count',
            'kho_fdt.LUO.preserved-data',
            'kho_fdt.magic',
            'kho_fdt.preserved-memory-map',
            'kho_kexec_metadata.kexec_count',
            'kho_radix_leaf.bitmap',
            'kho_radix_node.table',
            'kho_scratch.size',
            'kho_vmalloc_chunk.phys',
        ];
        const found = exploredFlips(agent(), wanted);
        assert.deepEqual(fields(found), wanted);
        // the numbers of an FDT have their highest byte first
        const { outcome } = classWith(found, 'flip kho_fdt.preserved-memory-map in kernel 1 #0: bit 63');
        assert.match(outcome.message, /kernel panic: .*the tree of preserved memory is at 0x8/);
        const lost = failureOf(correctProgram(agent({ head: 'choosing "flip kho_fdt.magic in kernel 1 #0: bit 0"' })));
        assert.match(lost ?? '', /retrieve_session\("vm-1"\) fails with ENOENT/);
    });

    test('a release that hands over bitmaps, and the FDT of its LUO', () => {
        const wanted = [
            'LUO.compatible',
            'kho_mem_phys_bits.preserve',
            'khoser_mem_bitmap_ptr.phys_start',
            'khoser_mem_chunk.num_elms',
            'luo_file_ser.token',
            'luo_session_ser.name',
        ];
        assert.deepEqual(fields(exploredFlips(agent({ kernel: '6.19' }), [...wanted, 'kho_radix*'])), wanted);
    });

    test('two flips of one jump, and a rule that allows for one', () => {
        const rule = 'finally { assert kernel.boot == 1 && !happened("flip luo_file_ser.*"), "whole" }';
        const text = agent().replace('boot "7.2"', `${rule}\n    boot "7.2"`);
        const found = exploredFlips(text, ['luo_file_ser.token', 'memfd_luo_ser.pos'], 2);
        assert.ok(found.classes.some((c) => c.faults === 1));
        // none, one of four, and two bits of different fields
        assert.equal(found.ends, 1 + 4 + 4);
    });
});
