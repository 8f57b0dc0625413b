// The languages of the interface; each but English has a file in lang/.

export const LANGUAGES = ["ar", "de", "en", "es", "fr", "he", "it", "ja", "ko", "pl", "pt", "ru", "tr", "zh"];
