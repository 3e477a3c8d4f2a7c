/** What kernels find out about each other's formats by words of features and by composite strings. */
import {
    FEATURE_WORDS_SIZE,
    featureNames,
    type FeatureWords,
    MEMFD_BY_WORDS,
    outOfOrder,
    readFeatureWords,
    readWords,
    usesWords,
    wordsOf,
} from '../kernel/release/formats';
import type { Kernel } from '../kernel/kernel';
import type { LuoFile } from '../kernel/luo/state';
import { resolveKernel } from '../runtime/host/kernels';
import { counted, hex } from '../text/text';
import { IMAGE } from './chronicle';
import { ruleFile } from './rules';
import { be } from './wording';

export const negotiationRules = ruleFile(['LU1132', 'LU1133', 'LU1134'], ({ host, chronicle, say }) => {
    const { machine } = host;

    /** The words of a memfd that is handed over, as they are in memory. */
    const wordsIn = ({ handler, serializedData: pa }: LuoFile): FeatureWords | undefined =>
        handler.compatible === MEMFD_BY_WORDS && typeof pa === 'number' && machine.isRam(pa, FEATURE_WORDS_SIZE)
            ? readFeatureWords(machine.memory, pa)
            : undefined;

    /** LU1132, LU1133 */
    const features = (kernel: Kernel, supp: number, next: string): void => {
        const files = kernel.luo.outgoing.sessions.items.flatMap((s) => s.files.items);
        for (const what of ['refused', 'ignored'] as const) {
            const all = files.flatMap((file) => {
                const words = wordsIn(file);
                const wrong = words ? readWords(words, supp)[what] : 0;
                return wrong === 0 ? [] : [{ file, wrong }];
            });
            const [first] = all;
            if (!first) {
                continue;
            }
            const { file, wrong } = first;
            const names = featureNames(MEMFD_BY_WORDS, wrong);
            const which = `${counted(all.length, 'memfd')}${all.length > 1 ? ', the first with' : ' with'} token ${hex(file.token)} of session "${file.session.name}"`;
            const data = {
                handler: MEMFD_BY_WORDS,
                features: names,
                files: all.length,
                session: file.session.name,
                token: hex(file.token),
                kernel: next,
            };
            const history = [...chronicle.ofFile(file), ...chronicle.of(IMAGE)];
            if (what === 'refused') {
                say('LU1132', {
                    about: names,
                    history,
                    data,
                    message: `"${next}" does not support the feature ${names}, which ${which} ${all.length === 1 ? 'requires' : 'require'}: retrieve_fd() fails with EOPNOTSUPP, and the memory stays reserved until the machine reboots.`,
                });
            } else {
                say('LU1133', {
                    about: names,
                    history,
                    data,
                    message: `"${next}" does not support the feature ${names}, which ${be(all.length)} in the data of ${which} and not required: it ignores that data, which is lost.`,
                });
            }
        }
    };

    return {
        handingOver(kernel): void {
            const image = kernel.kexecImage;
            if (!image?.kho || !usesWords(kernel.desc)) {
                return;
            }
            const next = resolveKernel(host.declarations.program, image.kernel).desc;
            const supp = wordsOf(next).get(MEMFD_BY_WORDS)?.supp;
            if (supp !== undefined) {
                features(kernel, supp, next.name);
            }
        },
        /** LU1134, once a kernel is up. */
        phase(phase): void {
            const { kernel } = host;
            if (phase !== 'running' || !kernel) {
                return;
            }
            for (const { name, compatible } of kernel.luo.handlers) {
                const wrong = outOfOrder(compatible);
                if (wrong) {
                    const [before, part] = wrong;
                    say('LU1134', {
                        about: compatible,
                        data: { handler: name, compatible, before, part },
                        message: `The handler ${name} registers "${compatible}": ${before === part ? `"${part}" is in it twice` : `"${part}" must be before "${before}"`}. A kernel that has the same formats in the right order does not find this handler.`,
                    });
                }
            }
        },
    };
});
