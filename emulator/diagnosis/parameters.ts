/** Parameters of a command line that a kernel does not know. */
import { argumentsOf } from '../kernel/release/arguments';
import { parameterNamed } from '../kernel/release/parameters';
import { isSuspicious, PARAMETER_NAMES } from '../kernel/release/unknown-parameters';
import { near } from '../language/nearest';
import { ruleFile } from './rules';

/** Sizes of scratch under the name of another release; one command line can serve both. */
const SCRATCH_NAMES = ['kho_scratch', 'kho_bootmem'];

export const parameterRules = ruleFile(['LU1093'], ({ say }) => ({
    /** LU1093 */
    parametersUnknown: ({ name: kernel, kho: { scratchParameter } }, unknown, commandLine) => {
        const given = argumentsOf(commandLine).map((a) => a.name.replaceAll('-', '_'));
        for (const argument of unknown.filter(isSuspicious)) {
            const name = argument.name.replaceAll('-', '_');
            const other = SCRATCH_NAMES.includes(name);
            // a kernel that is built without a feature does not have its parameters; other findings are about that
            if (other ? given.includes(scratchParameter) : parameterNamed(name) !== undefined) {
                continue;
            }
            const meant = other ? scratchParameter : near(name, PARAMETER_NAMES);
            say('LU1093', {
                about: `${kernel} ${argument.name}`,
                data: { kernel, parameter: argument.name, meant: meant ?? null },
                message: `Kernel "${kernel}" does not know the parameter ${argument.name} on its command line, and ignores it.${
                    meant === undefined
                        ? ''
                        : other
                          ? ` It knows ${meant}.`
                          : ` It knows ${meant}, which is probably meant.`
                }`,
            });
        }
    },
}));
