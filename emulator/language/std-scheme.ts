/** URIs of the standard library: `lus-std:/memfd.lus`. */
export const STD_SCHEME = 'lus-std:';
