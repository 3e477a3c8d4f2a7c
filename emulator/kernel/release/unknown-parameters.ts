/**
 * The arguments of a command line that a kernel does not know. It logs them and passes them to its first process
 * (unknown_bootoption() in init/main.c).
 */
import type { ArchName } from '../../machine/arch';
import type { KernelDescription } from './descriptions';
import { type Argument, argumentsOf } from './arguments';
import { OTHER_PARAMETERS } from './other-parameters';
import { type Parameter, parameterNamed, PARAMETERS } from './parameters';

const ARCHS: readonly ArchName[] = ['x86-64', 'arm64'];

/** The part of a kernel's build that its parameters depend on. */
export interface ParameterBuild {
    readonly arch: ArchName;
    /** CONFIG_KEXEC_HANDOVER */
    readonly kexecHandover: boolean;
    /** CONFIG_LIVEUPDATE */
    readonly liveUpdate: boolean;
    /** The parameter that sizes scratch. */
    readonly scratchParameter: 'kho_scratch' | 'kho_bootmem';
}

export function parameterBuild(desc: KernelDescription, arch: ArchName): ParameterBuild {
    return {
        arch,
        kexecHandover: desc.khoBuilt,
        liveUpdate: desc.khoBuilt && desc.luo !== undefined,
        scratchParameter: desc.kho.scratchParameter,
    };
}

/** Whether a kernel of this build declares a parameter of the table. */
export function declares(build: ParameterBuild, name: keyof typeof PARAMETERS): boolean {
    const { arch, config }: Parameter = PARAMETERS[name];
    if (name === 'kho_scratch' || name === 'kho_bootmem') {
        return build.kexecHandover && name === build.scratchParameter;
    }
    return (
        (arch === undefined || arch === build.arch) &&
        (config === undefined || (config === 'LIVEUPDATE' ? build.liveUpdate : build.kexecHandover))
    );
}

/** The arguments of a command line that a kernel of this build does not know, in order. */
export function unknownArguments(text: string, build: ParameterBuild): Argument[] {
    return argumentsOf(text).filter(({ name, value }) => !isKnown(name, value, build));
}

function isKnown(given: string, value: string | undefined, build: ParameterBuild): boolean {
    const known = parameterNamed(given);
    if (known !== undefined && declares(build, known)) {
        return true;
    }
    return isOther(given, value, build.arch);
}

/** Parameters without effect in the emulator, those of modules, and what boot loaders and kexec-tools add. */
function isOther(given: string, value: string | undefined, arch: ArchName): boolean {
    return (
        given.includes('.') ||
        given.startsWith('kexec') ||
        (given === 'BOOT_IMAGE' && value !== undefined) ||
        OTHER_PARAMETERS[arch].has(given.replaceAll('-', '_'))
    );
}

/** As the kernel logs them: those without a value first. Of several values of one name, the last. */
export function unknownLine(unknown: readonly Argument[]): string {
    const options = unknown.filter((a) => a.value === undefined).map((a) => a.name);
    const variables = new Map(unknown.flatMap((a) => (a.value === undefined ? [] : [[a.name, a.value] as const])));
    const words = [...options, ...[...variables].map(([name, value]) => `${name}=${value}`)];
    return `Unknown kernel command line parameters "${words.join(' ')}", will be passed to user space.`;
}

/** Words that user space reads from the command line, and that are therefore no mistakes. */
const FOR_USER_SPACE = new Set(['splash', 'nosplash', 'rhgb', 'single', 'emergency', 'rescue', 's', 'S']);

/** Whether an unknown argument is probably a mistake. */
export function isSuspicious({ name }: Argument): boolean {
    return !FOR_USER_SPACE.has(name) && !/^[1-5]$/.test(name);
}

/** All names, those with an effect in the emulator first: for "did you mean". */
export const PARAMETER_NAMES: ReadonlySet<string> = new Set([
    ...Object.keys(PARAMETERS),
    ...Object.values(OTHER_PARAMETERS).flatMap((names) => [...names]),
]);

/** The arguments of a command line that no kernel knows, in order. */
export function unknownEverywhere(text: string): Argument[] {
    return argumentsOf(text).filter(
        ({ name, value }) => parameterNamed(name) === undefined && !ARCHS.some((arch) => isOther(name, value, arch)),
    );
}
