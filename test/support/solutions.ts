/** Answers to the lessons of the course, as changes of their start files: the right one, and two typical wrong ones. */

/** Replaced texts, each of which the start file has once. */
export type Answer = readonly (readonly [from: string, to: string])[];

export interface Answers {
    readonly right: Answer;
    /** Each with what the check says. */
    readonly wrong: readonly (readonly [said: RegExp, answer: Answer])[];
}

const RETRIEVED_2: Answer = [
    [
        '        vm1.retrieve_fd(token: 0x10)  fails ENOENT\n',
        '        ram = vm1.retrieve_fd(token: 0x10)\n        assert ram.pread(1MiB, at: 0) == pattern(7, 1MiB)\n',
    ],
];
const PRESERVED_2 = [
    '        kexec_file_load("7.2")\n',
    '        vm1.preserve_fd(ram, token: 0x10)\n        kexec_file_load("7.2")\n',
] as const;

const SECOND_3 =
    '        vm2 = lu.retrieve_session("vm-2")\n        ram = vm2.retrieve_fd(token: 1)\n        assert ram.pread(256KiB, at: 0) == pattern(2, 256KiB)\n';
const END_3 = '        vm1.finish()\n    }\n}\n';
const FINDS_3 = [' finds LU1002 {', ' {'] as const;

const RETRIEVED_4 = [
    '        lu.retrieve_session("vm-1")  fails ENOENT\n',
    '        vm1 = lu.retrieve_session("vm-1")\n        ram = vm1.retrieve_fd(token: 1)\n        assert ram.pread(256KiB, at: 0) == pattern(3, 256KiB)\n        vm1.finish()\n',
] as const;
const FINDS_4 = [' finds LU1023 {', ' {'] as const;
const SENT_4 = ['        lu.close()  ', '        send vm1 to luod\n        lu.close()  '] as const;

const SIX_5 = ['.file) == none', '.file) == 6'] as const;
const FIELD_5 = ['    buffer: phys\n', '    buffer: phys\n    queues: u32\n'] as const;
const READ_5 = ['new card(buffer', 'new card(queues: state.queues, buffer'] as const;

const FREEZE_7 = [
    'freeze(args)     { }',
    'freeze(args) { at(CardState, args.serialized_data).frames = args.file.frames }',
] as const;
const HUNDRED_7 = ['.file) == 40', '.file) == 100'] as const;

const FINISHED_8 = ['assert !bus.finished', 'assert bus.finished'] as const;
const FINDS_8 = [' finds LU1006 {', ' {'] as const;

const SAME_9 = ['!= pattern(7, 1MiB)', '== pattern(7, 1MiB)'] as const;
const FINDS_9 = [' finds LU1027 {', ' {'] as const;

const FINDS_10 = [' finds LU1036, LU1055 {', ' {'] as const;
const PAUSE_10 = ['        guest.save(state)\n', '        guest.pause()\n        guest.save(state)\n'] as const;
const INJECT_10 = [
    '        guest.resume()\n',
    '        for i in 0..2 { nic.trigger_irq(i) }\n        guest.resume()\n',
] as const;
const ASSERTS_10 = [
    '    assert nic0.strays == 0 && nic0.faults == 0\n',
    '    assert nic0.strays == 0 && nic0.faults == 0\n    assert vm("guest").wrong == 0\n    assert vm("guest").blackout < 300ms\n',
] as const;

export const ANSWERS: Readonly<Record<string, Answers>> = {
    '01-kexec': {
        right: [['        // your line\n', '        lu.retrieve_session("vm-1")  fails ENOENT\n']],
        wrong: [
            [
                /The scenario fails: .*ENOENT/,
                [['        // your line\n', '        vm1 = lu.retrieve_session("vm-1")\n']],
            ],
            [
                /After the reboot, write/,
                [
                    [
                        '        kexec_file_load("7.2")\n',
                        '        lu.retrieve_session("vm-1")  fails ENOENT\n        kexec_file_load("7.2")\n',
                    ],
                ],
            ],
        ],
    },
    '02-session': {
        right: [PRESERVED_2, ...RETRIEVED_2],
        wrong: [
            // preserved and never looked at
            [/Compare the memory/, [PRESERVED_2, ['        vm1.retrieve_fd(token: 0x10)  fails ENOENT\n', '']]],
            // another token
            [
                /The scenario fails: .*ENOENT/,
                [
                    [
                        '        kexec_file_load("7.2")\n',
                        '        vm1.preserve_fd(ram, token: 1)\n        kexec_file_load("7.2")\n',
                    ],
                    ...RETRIEVED_2,
                ],
            ],
        ],
    },
    '03-two-sessions': {
        right: [FINDS_3, [END_3, `        vm1.finish()\n${SECOND_3}        vm2.finish()\n    }\n}\n`]],
        wrong: [
            // retrieved and closed by the end of the process, not finished
            [
                /LU1022 is still found/,
                [
                    FINDS_3,
                    [
                        END_3,
                        '        vm1.finish()\n        vm2 = lu.retrieve_session("vm-2")\n        vm2.finish()\n    }\n}\n',
                    ],
                ],
            ],
            // not preserved, so that there is nothing to find
            [
                /Keep this part of the lesson: preserve_guest\(lu, "vm-2", 2\)/,
                [FINDS_3, ['        preserve_guest(lu, "vm-2", 2)\n', '']],
            ],
        ],
    },
    '04-owners': {
        right: [FINDS_4, SENT_4, RETRIEVED_4],
        wrong: [
            // the monitor lives
            [/Keep this part of the lesson: kill vmm/, [FINDS_4, ['    kill vmm\n', ''], RETRIEVED_4]],
            // luod has a session of the same name, which is empty
            [
                /The scenario fails: .*ENOENT/,
                [
                    [
                        '    kill vmm\n    luod {\n',
                        '    kill vmm\n    luod {\n        vm1 = open("/dev/liveupdate").create_session("vm-1")\n',
                    ],
                    RETRIEVED_4,
                ],
            ],
        ],
    },
    '05-handler': {
        right: [
            FIELD_5,
            READ_5,
            SIX_5,
            [
                '        state.buffer = phys(args.file.buffer)\n',
                '        state.buffer = phys(args.file.buffer)\n        state.queues = args.file.queues\n',
            ],
        ],
        wrong: [
            [/must read the number from CardState/, [SIX_5, ['new card(buffer', 'new card(queues: 6, buffer']]],
            // a field that is never written
            [/The scenario fails: .*the left side is 0 and the right side is 6/, [FIELD_5, READ_5, SIX_5]],
        ],
    },
    '06-undo': {
        right: [
            [
                '        kho.preserve_folio(args.file.buffer)\n',
                '        undo { kho.unpreserve_free(state) }\n        kho.preserve_folio(args.file.buffer)\n        undo { kho.unpreserve_folio(args.file.buffer) }\n',
            ],
            ['assert left == 2', 'assert left == 0'],
        ],
        wrong: [
            // one of two
            [
                /The scenario fails: .*the left side is 1/,
                [
                    [
                        '        kho.preserve_folio(args.file.buffer)\n',
                        '        undo { kho.unpreserve_free(state) }\n        kho.preserve_folio(args.file.buffer)\n',
                    ],
                    ['assert left == 2', 'assert left == 0'],
                ],
            ],
            // nothing fails any more
            [
                /Keep this part of the lesson: check_firmware\(\)/,
                [
                    [
                        '        check_firmware()                        // fails, and preserve() returns its error\n',
                        '        return -EIO\n',
                    ],
                    [
                        'fn check_firmware() { return -EIO }             // the firmware of the card does not answer\n',
                        '',
                    ],
                    ['assert left == 2', 'assert left == 0'],
                ],
            ],
        ],
    },
    '07-freeze': {
        right: [FREEZE_7, HUNDRED_7],
        wrong: [
            // the other way round
            [
                /The scenario fails: .*the left side is 40/,
                [
                    [
                        'freeze(args)     { }',
                        'freeze(args) { args.file.frames = at(CardState, args.serialized_data).frames }',
                    ],
                    HUNDRED_7,
                ],
            ],
            // the card does not work on
            [
                /Keep this part of the lesson: open\(\) \{ frames = 40 \}/,
                [['open() { frames = 40 }', 'open() { frames = 100 }'], HUNDRED_7],
            ],
        ],
    },
    '08-flb': {
        right: [
            FINDS_8,
            FINISHED_8,
            [
                '        klog_info("links: ready")\n',
                '        if (try bus.get_incoming()) == 0 { bus.put_incoming() }\n',
            ],
        ],
        wrong: [
            // the reference is not given back
            [
                /LU1007 is still found|The scenario fails: .*bus\.finished/,
                [
                    FINDS_8,
                    FINISHED_8,
                    [
                        '        klog_info("links: ready")\n',
                        '        if (try bus.get_incoming()) == 0 { klog_info("links: ready") }\n',
                    ],
                ],
            ],
            // one of two links is finished with an object that was never asked for
            [/in the init block/, [FINDS_8, FINISHED_8]],
        ],
    },
    '09-dma': {
        right: [
            FINDS_9,
            SAME_9,
            ['release() { put_folio(buffer) }', 'release() { dma0.stop(); dma0.dma_unmap(iova); put_folio(buffer) }'],
        ],
        wrong: [
            // unmapped, not stopped: the IOMMU refuses the requests
            [
                /The scenario fails: .*dma0\.faults == 0/,
                [
                    FINDS_9,
                    SAME_9,
                    ['release() { put_folio(buffer) }', 'release() { dma0.dma_unmap(iova); put_folio(buffer) }'],
                ],
            ],
            // no time in which the device could write
            [/Keep this part of the lesson: sleep 10ms/, [FINDS_9, SAME_9, ['        sleep 10ms\n', '']]],
        ],
    },
    '10-guest': {
        right: [FINDS_10, PAUSE_10, INJECT_10, ASSERTS_10],
        wrong: [
            // the interrupts are forgotten
            [/LU1055 is still found/, [FINDS_10, PAUSE_10, ASSERTS_10]],
            // saved before the pause
            [
                /The scenario fails: .*wrong == 0/,
                [
                    FINDS_10,
                    ['        guest.save(state)\n', '        guest.save(state)\n        guest.pause()\n'],
                    INJECT_10,
                    ASSERTS_10,
                ],
            ],
        ],
    },
};
