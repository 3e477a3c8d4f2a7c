/** The running kernel for `.lus` code: its log, its properties, and output for the user. */
import { Kernel } from '../../kernel/kernel';
import { reservedAddress } from '../../kernel/kho/reserve-mem';
import { errOfCode } from '../../kernel/release/errno';
import { ANY, BOOL, INT, listOf, objectOf, PHYS, STRING, type Value } from '../../language/types';
import { asInt, asNumber, asString, joinTexts, text } from '../../language/values';
import { hex } from '../../text/text';
import { contents } from '../contents';
import { panic } from '../host/panic';
import type { Host } from '../host/host';
import { restOf } from './arguments';
import { shortageText } from '../../kernel/mm/shortage';
import { constant, fn, global, Members, nothing, param } from './define';
import type { NativeFunction, NativeGlobal } from './native';

const WORDS = [{ ...param('words', ANY), rest: true }];

/** The arguments of a rest parameter as text, concatenated. */
function joined(words: Value): string {
    return joinTexts(restOf(words).map(text));
}

function klog(level: 'info' | 'warn' | 'err') {
    return (host: Host, [words]: readonly Value[]): undefined => {
        const line = joined(words);
        host.running.klog(level, line);
        if (line.startsWith('WARNING:')) {
            host.warned(line);
        }
        return undefined;
    };
}

export const messageFunctions: readonly NativeFunction[] = [
    fn(
        'log',
        WORDS,
        { context: 'any' },
        'Prints its arguments, concatenated, to the debug console and the output of `lus run`. A struct in memory is printed with its fields.',
        (context, [words]) => nothing(context.log('log', joinTexts(restOf(words).map(contents)))),
    ),
    fn('klog_info', WORDS, {}, 'Writes a line to the kernel log.', klog('info')),
    fn('klog_warn', WORDS, {}, 'Writes a warning to the kernel log.', klog('warn')),
    fn('klog_err', WORDS, {}, 'Writes an error to the kernel log.', klog('err')),
    fn(
        'hex',
        [param('value', INT)],
        { context: 'any', result: STRING },
        'An integer in hexadecimal.',
        (_context, [value]) => hex(asInt(value, 'the value')),
    ),
    fn(
        'str',
        WORDS,
        { context: 'any', result: STRING },
        'Its arguments as text, concatenated: `str("vm-", i)`.',
        (_context, [words]) => joined(words),
    ),
    fn(
        'errno_name',
        [param('code', INT)],
        { context: 'any', result: STRING },
        'The name of a positive error number.',
        (_context, [code]) => errOfCode(asNumber(code, 'the error number'))?.name ?? text(code),
    ),
    fn(
        'happened',
        [param('fault', STRING)],
        { context: 'scenario', result: BOOL },
        'Whether `lus explore`, or `choosing`, has made this fault happen: `happened("kill luod")`, `happened("memfd.freeze")`, `happened("memfd.freeze in kernel 1")`, `happened("panic *")`. `*` stands for any text.',
        ({ injections }: Host, [fault]) => injections.trials?.hasHappened(asString(fault, 'the fault')) ?? false,
    ),
    fn('panic', WORDS, {}, 'The kernel panics.', (host: Host, [words]) => panic(host, joined(words))),
    fn(
        'should_fail',
        [param('point', STRING)],
        { result: INT },
        'The error that is injected at the point of this name: a positive error number, or 0.',
        (host: Host, [point]) => host.injections.hit(asString(point, 'the point'), host.boot)?.error?.code ?? 0,
    ),
];

export const kernelObject = new Members(Kernel, 'kernel', 'The running kernel.')
    .field('name', STRING, 'Its name in the scenario.', (kernel) => kernel.desc.name)
    .field('release', STRING, '`uname -r`', (kernel) => kernel.desc.release)
    .field('boot', INT, 'The number of boots before this one: 0 in kernel 1, 1 in kernel 2.', (kernel) => kernel.boot)
    .field(
        'vfio_phase',
        STRING,
        'What its layer `vfio` does with a preserved device: `"reset"` or `"keep"`.',
        (kernel) => kernel.desc.vfioPhase,
    )
    .field(
        'vfio_unclaimed',
        STRING,
        'What its layer `vfio` does with a preserved device that no process retrieves: `"refuse"`, `"hold"` or `"reset"`.',
        (kernel) => kernel.desc.vfioUnclaimed,
    )
    .field(
        'nic_driver',
        INT,
        'The version of its drivers that save the state of devices, 1 to 3 (layers `device_pm`, `kstate`).',
        (kernel) => kernel.desc.nicDriver,
    )
    .field(
        'shortage',
        STRING,
        'Why memory could not be allocated in the last system call: what was requested, what was free on each node and in scratch, who holds most. Empty if nothing failed.',
        (kernel) => shortageText(kernel) ?? '',
    )
    .field(
        'memfd_feature',
        STRING,
        'Its `memfd_feature` (layer `feature_flags`).',
        (kernel) => kernel.desc.memfdFeature,
    )
    .field(
        'luo_format',
        STRING,
        'The string of its LUO, such as `"luo-v5"`; empty if it has none.',
        (kernel) => kernel.desc.luo?.compatible ?? '',
    )
    .field('cmdline', STRING, 'Its command line.', (kernel) => kernel.commandLine.text)
    .field(
        'iommufd_phase',
        INT,
        'With the layer `iommu`: 1 if a preserved `/dev/iommu` cannot be retrieved, 2 if it can.',
        (kernel) => kernel.desc.iommufdPhase,
    )
    .method(
        'flaw',
        [param('name', STRING)],
        { context: 'any', result: BOOL },
        'Whether it has this flaw.',
        (kernel, [name]) => kernel.desc.flaws.has(asString(name, 'the name')),
    )
    .method(
        'reserve_mem',
        [param('name', STRING)],
        { context: 'any', result: PHYS },
        'reserve_mem_find_by_name(): the address of the memory of `reserve_mem=size:align:name` on its command line; 0 if there is none of this name.',
        (kernel, [name]) => reservedAddress(kernel.reserveMem, asString(name, 'the name')),
    )
    .method(
        'logged',
        [param('text', STRING)],
        { context: 'any', result: BOOL },
        'Whether a line of its log contains this text.',
        (kernel, [part]) => kernel.log.items.some((line) => line.text.includes(asString(part, 'the text'))),
    )
    .method(
        'logged_in_order',
        [param('texts', listOf(STRING))],
        { context: 'any', result: BOOL },
        'Whether its log has lines that contain these texts, in this order; other lines may be in between.',
        (kernel, [texts]) => {
            let at = 0;
            return restOf(texts).every((part) => {
                const wanted = asString(part, 'a text');
                const found = kernel.log.items.findIndex((line, i) => i >= at && line.text.includes(wanted));
                at = found + 1;
                return found >= 0;
            });
        },
    );

/** enum liveupdate_event and enum liveupdate_state of the interface before the merge. */
const V4_CONSTANTS: readonly (readonly [string, number, string])[] = [
    ['LIVEUPDATE_PREPARE', 0, 'Event: preserved resources are prepared for the kexec.'],
    ['LIVEUPDATE_FREEZE', 1, 'Event: the last step before the kexec.'],
    [
        'LIVEUPDATE_FINISH',
        2,
        'Event: the update is finished; preserved resources that were not retrieved are discarded.',
    ],
    ['LIVEUPDATE_CANCEL', 3, 'Event: the update is cancelled.'],
    ['LIVEUPDATE_STATE_UNDEFINED', 0, 'State: not known yet.'],
    ['LIVEUPDATE_STATE_NORMAL', 1, 'State: no update is under way.'],
    ['LIVEUPDATE_STATE_PREPARED', 2, 'State: preserved resources are prepared for the kexec.'],
    ['LIVEUPDATE_STATE_FROZEN', 3, 'State: the kexec is about to happen.'],
    ['LIVEUPDATE_STATE_UPDATED', 4, 'State: the kexec has happened; preserved resources wait to be retrieved.'],
];

export const kernelGlobals: readonly NativeGlobal[] = [
    global('none', ANY, 'any', 'No object.', () => null),
    global('KEXEC', INT, 'any', 'LINUX_REBOOT_CMD_KEXEC', () => 0x45584543),
    ...V4_CONSTANTS.map(([name, value, doc]) => constant(name, value, doc)),
    global('kernel', objectOf('kernel'), 'any', 'The running kernel.', ({ running }) => running),
    global(
        'faults',
        INT,
        'scenario',
        'The number of faults that `lus explore`, or `choosing`, has made happen so far.',
        (host: Host) => host.injections.trials?.happened ?? 0,
    ),
    global(
        'panicked',
        STRING,
        'scenario',
        'The panic message of the last kernel; empty if it did not panic.',
        (host: Host) => host.panicMessage,
    ),
];
