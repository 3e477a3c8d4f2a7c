/** The origin of an error as text: a title, and the call stack there. */
import { shortened } from '../emulator/runtime/call-stack';
import type { ErrorOrigin } from '../emulator/runtime/error-origins';
import type { Sources } from './source';

type Entry = ErrorOrigin['stack'][number];

export function originTitle({ message }: ErrorOrigin): string {
    return `Origin of the error: ${message}`;
}

export function shownStack({ stack }: ErrorOrigin): readonly Entry[] {
    return shortened(stack, (label) => ({ label, place: undefined }));
}

/** `at luo_session_find (lus-std:/luo.lus:352:9)` */
export function stackText(sources: Sources, { label, place }: Entry): string {
    return place ? `at ${label} (${sources.placeText(place.uri, place.start)})` : label;
}
