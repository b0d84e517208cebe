/* network_words.c - the lists. Long on purpose: names of many scripts find what ASCII would hide. */
#include "bench/network_words.h"

#include <string.h>

static const char *const first_english[] = {"Emma",   "Jack",   "Olivia",  "Harry",  "Grace",  "Oliver", "Alice",
                                            "George", "Lucy",   "William", "Hannah", "Thomas", "Sophie", "James",
                                            "Ella",   "Daniel", "Ruth",    "Henry",  "Clara",  "Samuel", NULL};
static const char *const last_english[] = {"Smith",  "Jones",  "Taylor", "Brown",  "Wilson", "Evans",   "Walker",
                                           "Wright", "Green",  "Hall",   "Wood",   "Clarke", "Hughes",  "Ward",
                                           "Turner", "Carter", "Cooper", "Morgan", "Bell",   "O'Neill", NULL};
static const char *const first_german[] = {"Anna",    "Jürgen", "Lena",   "Lukas", "Käthe", "Felix",
                                           "Marie",   "Jonas",  "Sophie", "Paul",  "Greta", "Max",
                                           "Johanna", "Björn",  "Ida",    "Karl",  NULL};
static const char *const last_german[] = {"Müller", "Schmidt", "Schneider", "Fischer",  "Weber", "Meyer",
                                          "Wagner", "Schäfer", "Becker",    "Hoffmann", "Koch",  "Groß",
                                          "Krüger", "Vogel",   "Lang",      "Roth",     NULL};
static const char *const first_romance[] = {"María",   "José",   "Lucía", "Antoine", "Chloé", "Marco", "Giulia",
                                            "Diego",   "Inês",   "João",  "Camille", "Luca",  "Sofía", "Hugo",
                                            "Beatriz", "Rafael", "Élise", "Pablo",   NULL};
static const char *const last_romance[] = {"García", "Rossi",  "Martin",  "Silva",     "Fernández", "Bianchi",
                                           "Dubois", "Santos", "López",   "Ferrari",   "Moreau",    "Oliveira",
                                           "Pérez",  "Romano", "Lefèvre", "Gonçalves", "Ruiz",      NULL};
static const char *const first_slavic[] = {"Anna",   "Ivan",   "Katarzyna", "Piotr",    "Olga",
                                           "Dmitri", "Jana",   "Tomáš",     "Svetlana", "Andrzej",
                                           "Milena", "Łukasz", "Irina",     "Pavel",    NULL};
static const char *const last_slavic[] = {"Kowalski",  "Novák", "Ivanov", "Wiśniewski", "Petrov", "Dvořák", "Sokolov",
                                          "Zieliński", "Popov", "Horák",  "Volkov",     "Mazur",  NULL};
static const char *const first_chinese[] = {"Mei",  "Wei", "Xiu",  "Jun",  "Lan",  "Hao",  "Yan", "Lei",
                                            "Jing", "Bo",  "Ling", "Chen", "Ying", "Feng", NULL};
static const char *const last_chinese[] = {"Wang", "Li",   "Zhang", "Liu", "Chen", "Yang", "Huang", "Zhao",
                                           "Wu",   "Zhou", "Xu",    "Sun", "Ma",   "Zhu",  NULL};
static const char *const first_japanese[] = {"さくら", "太郎", "Yuki", "Haruto", "Aoi",   "Ren", "Hina",
                                             "Sota",   "美咲", "健",   "Mio",    "Kaito", NULL};
static const char *const last_japanese[] = {"佐藤", "Suzuki",   "高橋",      "Tanaka", "Itō", "Watanabe",
                                            "山本", "Nakamura", "Kobayashi", "Katō",   NULL};
static const char *const first_indian[] = {"Priya", "Arjun", "Ananya", "Rahul", "Lakshmi", "Vikram", "Meera", "Sanjay",
                                           "Kavya", "Rohan", "Divya",  "Amit",  "Asha",    "Ravi",   NULL};
static const char *const last_indian[] = {"Sharma", "Patel", "Singh", "Kumar", "Gupta", "Reddy", "Rao",
                                          "Nair",   "Das",   "Iyer",  "Khan",  "Mehta", "Joshi", NULL};
static const char *const first_arabic[] = {"Fatima", "Mohammed", "Layla", "Ahmed", "Aisha",  "Omar", "Noor",
                                           "Yusuf",  "Salma",    "Karim", "Zahra", "Hassan", NULL};
static const char *const last_arabic[] = {"Hassan", "Ali",    "Ibrahim", "Mansour", "Khalil", "Saleh",
                                          "Haddad", "Nasser", "Farouk",  "Aziz",    NULL};
static const char *const first_african[] = {"Amina", "Kwame",  "Zola", "Chidi", "Wanjiru", "Tendai", "Nia",
                                            "Juma",  "Thandi", "Kofi", "Ngozi", "Sipho",   NULL};
static const char *const last_african[] = {"Okafor", "Mensah", "Dlamini", "Kamau", "Adeyemi", "Moyo",
                                           "Nkosi",  "Otieno", "Diallo",  "Banda", NULL};

const char *const med_words_continents[] = {"Europe", "Asia", "Africa", "North America", "South America", "Oceania"};
const int med_words_continent_count = 6;

/* The most populous of the network first: countries are drawn by a skewed rank. */
const med_words_country med_words_countries[] = {
    {"India", "Asia", "hi", first_indian, last_indian, {"Mumbai", "Delhi", "Bangalore", "Chennai"}},
    {"China", "Asia", "zh", first_chinese, last_chinese, {"Shanghai", "Beijing", "Shenzhen", "Chengdu"}},
    {"United States",
     "North America",
     "en",
     first_english,
     last_english,
     {"New York", "Chicago", "Houston", "Seattle"}},
    {"Germany", "Europe", "de", first_german, last_german, {"Berlin", "München", "Hamburg", "Köln"}},
    {"Brazil", "South America", "pt", first_romance, last_romance, {"São Paulo", "Rio de Janeiro", "Recife", "Belém"}},
    {"United Kingdom", "Europe", "en", first_english, last_english, {"London", "Leeds", "Glasgow", "Cardiff"}},
    {"France", "Europe", "fr", first_romance, last_romance, {"Paris", "Lyon", "Marseille", "Nantes"}},
    {"Mexico", "North America", "es", first_romance, last_romance, {"Mexico City", "Puebla", "Monterrey", "Mérida"}},
    {"Japan", "Asia", "ja", first_japanese, last_japanese, {"東京", "Osaka", "Nagoya", "Sapporo"}},
    {"Nigeria", "Africa", "en", first_african, last_african, {"Lagos", "Kano", "Ibadan", "Abuja"}},
    {"Spain", "Europe", "es", first_romance, last_romance, {"Madrid", "Sevilla", "Valencia", "Bilbao"}},
    {"Italy", "Europe", "it", first_romance, last_romance, {"Roma", "Milano", "Napoli", "Torino"}},
    {"Russia", "Europe", "ru", first_slavic, last_slavic, {"Moscow", "Kazan", "Samara", "Omsk"}},
    {"Egypt", "Africa", "ar", first_arabic, last_arabic, {"Cairo", "Alexandria", "Giza", "Luxor"}},
    {"Indonesia", "Asia", "id", first_arabic, last_indian, {"Jakarta", "Surabaya", "Bandung", "Medan"}},
    {"Turkey", "Asia", "tr", first_arabic, last_arabic, {"İstanbul", "Ankara", "İzmir", "Bursa"}},
    {"Argentina", "South America", "es", first_romance, last_romance, {"Buenos Aires", "Córdoba", "Rosario", "Salta"}},
    {"Poland", "Europe", "pl", first_slavic, last_slavic, {"Warszawa", "Kraków", "Gdańsk", "Łódź"}},
    {"Canada", "North America", "en", first_english, last_romance, {"Toronto", "Montréal", "Vancouver", "Ottawa"}},
    {"Kenya", "Africa", "sw", first_african, last_african, {"Nairobi", "Mombasa", "Kisumu", "Nakuru"}},
    {"South Africa", "Africa", "en", first_african, last_african, {"Cape Town", "Durban", "Pretoria", "Soweto"}},
    {"Netherlands", "Europe", "nl", first_german, last_german, {"Amsterdam", "Utrecht", "Rotterdam", "Leiden"}},
    {"Australia", "Oceania", "en", first_english, last_english, {"Sydney", "Perth", "Melbourne", "Hobart"}},
    {"Sweden", "Europe", "sv", first_german, last_german, {"Stockholm", "Göteborg", "Malmö", "Uppsala"}},
    {"Czechia", "Europe", "cs", first_slavic, last_slavic, {"Praha", "Brno", "Ostrava", "Plzeň"}},
    {"Portugal", "Europe", "pt", first_romance, last_romance, {"Lisboa", "Porto", "Braga", "Évora"}},
    {"Pakistan", "Asia", "ur", first_indian, last_arabic, {"Karachi", "Lahore", "Multan", "Quetta"}},
    {"New Zealand", "Oceania", "en", first_english, last_english, {"Auckland", "Wellington", "Dunedin", "Nelson"}},
};
const int med_words_country_count = (int)(sizeof med_words_countries / sizeof med_words_countries[0]);

static const char *const nouns_music[] = {"Music", "Opera",    "Choir",       "Guitar",
                                          "Drums", "Symphony", "Songwriting", NULL};
static const char *const nouns_film[] = {"Cinema", "Documentary", "Animation", "Comedy", "Thriller", "Western", NULL};
static const char *const nouns_book[] = {"Novel", "Poetry", "Essay", "Drama", "Fairy Tales", "Comics", NULL};
static const char *const nouns_sport[] = {"Football", "Cricket",  "Tennis",  "Running",
                                          "Chess",    "Swimming", "Cycling", NULL};
static const char *const nouns_team[] = {"Club", "League", "Championship", "Olympics", NULL};
static const char *const nouns_science[] = {"Physics", "Biology",  "Astronomy", "Chemistry",
                                            "Geology", "Medicine", NULL};
static const char *const nouns_maths[] = {"Geometry", "Algebra", "Logic", "Statistics", NULL};
static const char *const nouns_computing[] = {"Databases", "Compilers",  "Networks", "Robots",
                                              "Games",     "Typography", NULL};
static const char *const nouns_food[] = {"Cooking", "Bread", "Tea", "Coffee", "Cheese", "Gardening", NULL};
static const char *const nouns_travel[] = {"Travel", "Mountains", "Railways", "Sailing", "Islands", "Museums", NULL};
static const char *const nouns_politics[] = {"Elections", "Law", "Diplomacy", "Economy", NULL};
static const char *const nouns_history[] = {"History", "Archaeology", "Empire", "Architecture", NULL};
static const char *const nouns_nature[] = {"Birds", "Forests", "Rivers", "Weather", "Oceans", NULL};

const med_words_subject med_words_subjects[] = {
    {"Thing", -1, NULL},
    {"Work", 0, NULL},
    {"Activity", 0, NULL},
    {"Knowledge", 0, NULL},
    {"Music", 1, nouns_music},
    {"Film", 1, nouns_film},
    {"Book", 1, nouns_book},
    {"Sport", 2, nouns_sport},
    {"SportsOrganisation", 7, nouns_team},
    {"Science", 3, nouns_science},
    {"Mathematics", 9, nouns_maths},
    {"Computing", 9, nouns_computing},
    {"Food", 2, nouns_food},
    {"Travel", 2, nouns_travel},
    {"Politics", 3, nouns_politics},
    {"History", 3, nouns_history},
    {"Nature", 0, nouns_nature},
};
const int med_words_subject_count = (int)(sizeof med_words_subjects / sizeof med_words_subjects[0]);

const char *const med_words_qualities[] = {
    "Modern",      "Classical",    "Northern", "Southern", "Ancient", "Baroque", "Popular", "Amateur",
    "Independent", "Experimental", "Medieval", "Tropical", "Winter",  "Summer",  "Urban",   "Rural"};
const int med_words_quality_count = 16;

const char *const med_words_browsers[] = {"Firefox", "Chrome", "Internet Explorer", "Safari", "Opera"};
const int med_words_browser_count = 5;
const char *const med_words_devices[] = {"phone", "laptop", "desktop", "tablet", "television"};
const int med_words_device_count = 5;

static const char *const function_words[] = {
    "the",   "of",     "and",    "to",      "a",     "in",    "is",   "that",    "for",   "it",     "was",   "on",
    "with",  "as",     "be",     "at",      "by",    "this",  "had",  "not",     "are",   "but",    "from",  "or",
    "have",  "an",     "they",   "which",   "one",   "you",   "were", "all",     "her",   "she",    "there", "would",
    "their", "we",     "him",    "been",    "has",   "when",  "who",  "will",    "no",    "more",   "if",    "out",
    "so",    "up",     "said",   "what",    "its",   "about", "than", "into",    "them",  "can",    "only",  "other",
    "time",  "new",    "some",   "could",   "these", "two",   "may",  "first",   "then",  "do",     "any",   "like",
    "my",    "now",    "over",   "such",    "our",   "man",   "me",   "even",    "most",  "made",   "after", "also",
    "did",   "many",   "off",    "before",  "must",  "well",  "back", "through", "years", "much",   "where", "your",
    "way",   "down",   "should", "because", "long",  "each",  "just", "state",   "those", "people", "too",   "mister",
    "how",   "little", "good",   "world",   "make",  "very",  "year", "still",   "see",   "own",    "work",  "men"};
static const char *const onsets[] = {"b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr", "pl"};
static const char *const vowels[] = {"a", "e", "i", "o", "u", "ea", "ou", "ai"};
static const char *const endings[] = {"", "n", "r", "s", "l", "t", "nd", "rk"};

#define FUNCTION_WORD_COUNT (sizeof function_words / sizeof function_words[0])
#define CONTENT_WORD_COUNT 30000
#define FUNCTION_WORD_PER_MILLE 430

int med_words_count(const char *const *list) {
  int count = 0;
  while (list[count]) count++;
  return count;
}

static size_t append(char *to, size_t at, const char *word) {
  size_t len = strlen(word);
  memcpy(to + at, word, len);
  return at + len;
}

size_t med_words_write(uint64_t rank, char *word) {
  size_t len = 0;
  if (rank < FUNCTION_WORD_COUNT) {
    len = append(word, 0, function_words[rank]);
  } else {
    /* Each syllable is one digit of the rank in base 16 * 8, so that no two ranks below 2^35 make the same word;
     * the ending comes from what is left. At most four syllables of four letters each, and two more. */
    uint64_t digits = rank - FUNCTION_WORD_COUNT;
    const char *ending = endings[digits % 8];
    digits /= 8;
    int syllable = 0;
    do {
      len = append(word, len, onsets[digits % 16]);
      len = append(word, len, vowels[digits / 16 % 8]);
      digits /= 128;
    } while (digits > 0 && ++syllable < 4);
    len = append(word, len, ending);
  }
  word[len] = 0;
  return len;
}

size_t med_words_text(med_dice *dice, const char *topic, size_t length_wanted, char *text, size_t size) {
  size_t len = 0;
  int words_left = 0;
  if (length_wanted >= size) length_wanted = size - 1;
  while (len < length_wanted) {
    char word[64];
    size_t word_len;
    int starts = words_left == 0;
    if (starts) words_left = (int)med_dice_between(dice, 5, 16);
    if (starts && med_dice_chance(dice, 700) && strlen(topic) < sizeof word) {
      word_len = append(word, 0, topic);
    } else if (med_dice_chance(dice, FUNCTION_WORD_PER_MILLE)) {
      word_len = med_words_write(med_dice_skewed(dice, FUNCTION_WORD_COUNT), word);
    } else {
      word_len = med_words_write(FUNCTION_WORD_COUNT + med_dice_skewed(dice, CONTENT_WORD_COUNT), word);
    }
    if (starts && word[0] >= 'a' && word[0] <= 'z') word[0] = (char)(word[0] - 'a' + 'A');
    if (len + word_len + 3 > size || len + word_len + 2 > length_wanted + sizeof word) break;
    memcpy(text + len, word, word_len);
    len += word_len;
    words_left--;
    if (words_left == 0) text[len++] = '.';
    if (len < length_wanted) text[len++] = ' ';
  }
  while (len > 0 && text[len - 1] == ' ') len--;
  text[len] = 0;
  return len;
}
