/** The lessons of *Learn Live Update*: their files in extension/learn, their pages, and what a solution has. */

/** What the text of a solution has or has not, without comments and with single spaces. */
export interface Form {
    readonly form: RegExp;
    /** What to tell the reader where it is missing, or must not be. */
    readonly hint: string;
}

export interface Lesson {
    /** Without the ending. */
    readonly name: string;
    readonly title: string;
    /** The scenario; a solution passes it without a finding. */
    readonly scenario: string;
    /** Statements of the start that a solution keeps. */
    readonly keeps: readonly string[];
    readonly has: readonly Form[];
    readonly lacks?: readonly Form[];
    /** What the update hands over. */
    readonly handsOver?: { readonly sessions: number; readonly files: number };
}

export const LESSONS: readonly Lesson[] = [
    {
        name: '01-kexec',
        title: 'A kexec loses everything',
        scenario: 'a kexec without a handover',
        keeps: ['lu.create_session("vm-1")', 'vm1.close()', 'reboot(KEXEC)'],
        has: [
            {
                form: /reboot\(KEXEC\).*retrieve_session\("vm-1"\) fails ENOENT/,
                hint: 'After the reboot, write: lu.retrieve_session("vm-1")  fails ENOENT',
            },
        ],
    },
    {
        name: '02-session',
        title: 'A session carries a file',
        scenario: 'the memory of a guest',
        keeps: ['ram.write(pattern(7, 1MiB))', 'reboot(KEXEC)', 'vm1.finish()'],
        has: [
            {
                form: /reboot\(KEXEC\).*(\w+) = vm1\.retrieve_fd\(token: 0x10\).*assert \1\.pread\(1MiB, at: 0\) == pattern\(7, 1MiB\)/,
                hint: 'Compare the memory after the reboot: ram = vm1.retrieve_fd(token: 0x10), then assert ram.pread(1MiB, at: 0) == pattern(7, 1MiB)',
            },
        ],
        handsOver: { sessions: 1, files: 1 },
    },
    {
        name: '03-two-sessions',
        title: 'Every session is retrieved and finished',
        scenario: 'two guests',
        keeps: [
            'preserve_guest(lu, "vm-1", 1)',
            'preserve_guest(lu, "vm-2", 2)',
            'reboot(KEXEC)',
            'assert ram.pread(256KiB, at: 0) == pattern(1, 256KiB)',
        ],
        has: [
            {
                form: /reboot\(KEXEC\).*assert \w+\.pread\(256KiB, at: 0\) == pattern\(2, 256KiB\)/,
                hint: 'Compare the memory of the second guest with pattern(2, 256KiB), like that of the first one.',
            },
        ],
        handsOver: { sessions: 2, files: 2 },
    },
    {
        name: '04-owners',
        title: 'A session lives as long as its last descriptor',
        scenario: 'the monitor dies',
        keeps: ['ram.write(pattern(3, 256KiB))', 'vm1.preserve_fd(ram, token: 1)', 'kill vmm', 'reboot(KEXEC)'],
        has: [
            {
                form: /reboot\(KEXEC\).*assert \w+\.pread\(256KiB, at: 0\) == pattern\(3, 256KiB\)/,
                hint: 'In the last process, retrieve the session and the memfd, and compare its memory with pattern(3, 256KiB).',
            },
        ],
        handsOver: { sessions: 1, files: 1 },
    },
    {
        name: '05-handler',
        title: 'A handler writes what the next kernel needs',
        scenario: 'a card and its queues',
        keeps: [
            'queues = 6',
            'session.preserve_fd(open("/dev/card0"), token: 1)',
            'reboot(KEXEC)',
            'return file.queues',
        ],
        has: [
            {
                form: /assert queues_of\(session\("cards"\)\.files\[0\]\.file\) == 6/,
                hint: 'The last assert must compare the number of queues with 6.',
            },
        ],
        lacks: [
            {
                form: /new card\([^)]*queues: \d/,
                hint: 'retrieve() must read the number from CardState: a card with another number needs the same code.',
            },
        ],
    },
    {
        name: '06-undo',
        title: 'A preserve that fails leaves nothing behind',
        scenario: 'a preserve that fails',
        keeps: [
            'kho.alloc_preserve(CardState)',
            'kho.preserve_folio(args.file.buffer)',
            'check_firmware()',
            'return -EIO',
            'session.preserve_fd(card, token: 1) fails EIO',
            'left = kho.outgoing.pages - before',
        ],
        has: [
            { form: /undo \{/, hint: 'Write an undo block after each step that a later failure must reverse.' },
            { form: /assert left == 0/, hint: 'The last assert must be: assert left == 0' },
        ],
    },
    {
        name: '07-freeze',
        title: 'freeze() is the last moment to write',
        scenario: 'the last count',
        keeps: [
            'open() { frames = 40 }',
            'session.preserve_fd(open("/dev/card0"), token: 1) } count(session("cards").files[0].file, 100)',
            'reboot(KEXEC)',
            'args.file = new card(frames: state.frames)',
        ],
        has: [
            {
                form: /assert frames_of\(session\("cards"\)\.files\[0\]\.file\) == 100/,
                hint: 'The last assert must compare the count with 100.',
            },
        ],
    },
    {
        name: '08-flb',
        title: 'Files of one driver share an FLB',
        scenario: 'two links and their bus',
        keeps: [
            'session.preserve_fd(open("/dev/link0"), token: 1)',
            'session.preserve_fd(open("/dev/link0"), token: 2)',
            'session.finish()',
        ],
        has: [
            {
                form: /init \{.*bus\.get_incoming\(\)/,
                hint: 'Call bus.get_incoming() in the init block of the kernel.',
            },
            { form: /assert bus\.finished/, hint: 'The last assert must be: assert bus.finished' },
        ],
    },
    {
        name: '09-dma',
        title: 'A device does not know who owns memory',
        scenario: 'the driver is closed',
        keeps: [
            'put_folio(buffer)',
            'device.close()',
            'guest.pwrite(pattern(7, 1MiB), at: 0)',
            'sleep 10ms',
            'assert dma0.faults == 0',
        ],
        has: [
            {
                form: /assert guest\.pread\(1MiB, at: 0\) == pattern\(7, 1MiB\)/,
                hint: 'Assert that the guest has what it wrote: assert guest.pread(1MiB, at: 0) == pattern(7, 1MiB)',
            },
        ],
    },
    {
        name: '10-guest',
        title: 'A guest with a device does not notice',
        scenario: 'a guest that does not notice',
        keeps: [
            'guest.run(dirty: 400MiB/s, from: RINGS)',
            'nic0.start_dma(ring: 0, length: RINGS, every: 20us, waits: true)',
            'reboot(KEXEC)',
            'guest.resume()',
            'assert nic0.strays == 0 && nic0.faults == 0',
        ],
        has: [
            { form: /assert vm\("guest"\)\.wrong == 0/, hint: 'Assert at the end: assert vm("guest").wrong == 0' },
            {
                form: /assert vm\("guest"\)\.blackout < 300ms/,
                hint: 'Assert at the end: assert vm("guest").blackout < 300ms',
            },
        ],
        handsOver: { sessions: 1, files: 4 },
    },
];

/** The page of a lesson in the documentation. */
export const pageOf = ({ name }: Lesson): string => `lesson-${name}.md`;

/** `3`, for people. */
export const numberOf = (lesson: Lesson): number => LESSONS.indexOf(lesson) + 1;
