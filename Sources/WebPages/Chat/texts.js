// Every word that the page says, in English and Indonesian.
// Never the words of a message, never anything from the server but its own one-line errors, where there is no translation.

const words = {
  en: {
    account: "Account", password: "Password", signIn: "Sign in", signOut: "Sign out", people: "People", messages: "Messages",
    findLabel: "Write to an account", findHint: "Account name", find: "Open", back: "‹ People", send: "Send",
    textLabel: "Message", textHint: "Write a message", choose: "Choose somebody to write to.",
    active: "active", away: "away", you: name => `you are ${name}`,
    connecting: "connecting …", online: "connected", broken: "no connection; trying again. What you write is kept and sent then.",
    moved: "connected again", sending: "sending …", stored: "sent", failed: "not sent", retry: "Try again",
    unknownOutcome: "it is not known whether it arrived", tooLong: "A message has at most 4 KiB.",
    noName: "A name has letters, digits, '.', '_' or '-', and begins with a letter or digit.",
    unread: count => `${count} unread`, newMessage: (name, text) => `New message from ${name}: ${text}`,
    today: "Today", yesterday: "Yesterday", signInOffline: "The server can't be reached. Try again.",
    sessionEnded: "Your session has ended. Sign in again.",
    wait: seconds => `Too much at once. Try again in ${seconds} s.`,
    leavingQuestion: "Sign out? Messages that you have received are kept in this browser alone: the server has no copy of them.",
    leavingKeep: "Sign out and keep the messages here", leavingDelete: "Sign out and delete the messages from this browser",
    leavingStay: "Stay", leavingOffline: "No connection: the session could not be ended. Try again when it is back.",
    full: "This browser has no room left: what comes now stays on the server. Delete messages by signing out, or make room.",
    dropped: count => `This browser has no room left. Messages that you had read made room for new ones: the oldest ${count}.`,
    notKept: "This browser keeps no messages for this page: they are gone when it is closed.",
    errors: { auth_failed: "The name or the password is wrong." },
  },
  id: {
    account: "Akun", password: "Kata sandi", signIn: "Masuk", signOut: "Keluar", people: "Orang", messages: "Pesan",
    findLabel: "Tulis ke sebuah akun", findHint: "Nama akun", find: "Buka", back: "‹ Orang", send: "Kirim",
    textLabel: "Pesan", textHint: "Tulis pesan", choose: "Pilih seseorang untuk dikirimi pesan.",
    active: "aktif", away: "tidak aktif", you: name => `kamu adalah ${name}`,
    connecting: "menghubungkan …", online: "terhubung",
    broken: "tidak ada koneksi; mencoba lagi. Yang kamu tulis disimpan dan dikirim nanti.",
    moved: "terhubung kembali", sending: "mengirim …", stored: "terkirim", failed: "tidak terkirim", retry: "Coba lagi",
    unknownOutcome: "tidak diketahui apakah sudah sampai", tooLong: "Pesan paling panjang 4 KiB.",
    noName: "Nama terdiri dari huruf, angka, '.', '_' atau '-', dan diawali huruf atau angka.",
    unread: count => `${count} belum dibaca`, newMessage: (name, text) => `Pesan baru dari ${name}: ${text}`,
    today: "Hari ini", yesterday: "Kemarin", signInOffline: "Server tidak dapat dihubungi. Coba lagi.",
    sessionEnded: "Sesi kamu telah berakhir. Silakan masuk lagi.",
    wait: seconds => `Terlalu banyak sekaligus. Coba lagi dalam ${seconds} detik.`,
    leavingQuestion: "Keluar? Pesan yang kamu terima hanya disimpan di peramban ini: server tidak punya salinannya.",
    leavingKeep: "Keluar dan simpan pesan di sini", leavingDelete: "Keluar dan hapus pesan dari peramban ini",
    leavingStay: "Batal", leavingOffline: "Tidak ada koneksi: sesi tidak dapat diakhiri. Coba lagi setelah terhubung.",
    full: "Peramban ini sudah penuh: pesan baru tetap di server. Hapus pesan dengan keluar, atau sediakan ruang.",
    dropped: count => `Peramban ini sudah penuh. Pesan yang sudah dibaca dihapus untuk yang baru: ${count} yang tertua.`,
    notKept: "Peramban ini tidak menyimpan pesan untuk halaman ini: pesan hilang saat ditutup.",
    errors: {
      auth_failed: "Nama atau kata sandi salah.", unknown_user: "tidak ada akun dengan nama ini",
      blocked: "penerima tidak menerima pesanmu", inbox_full: "kotak masuk penerima sudah penuh",
      text_too_long: "pesan paling panjang 4 KiB", line_too_long: "pesan paling panjang 4 KiB",
      invalid_utf8: "pesan berisi karakter yang tidak dapat dikirim", control_character: "pesan berisi karakter yang tidak dapat dikirim",
      invalid_name: "nama akun tidak sah", unavailable: "server sedang tidak dapat bekerja; coba lagi nanti",
      outcome_unknown: "tidak diketahui apakah berhasil; coba lagi nanti", login_timeout: "waktu untuk masuk sudah habis; coba lagi",
    },
  },
};

/** `en` or `id`, by the browser's first language that is one of them. (`in` is what old browsers call Indonesian.) */
export const language = navigator.languages.map(tag => tag.toLowerCase().split("-")[0].replace(/^in$/, "id"))
  .find(tag => tag in words) ?? "en";

export const texts = words[language];

/** Why the server refused something. Its own words are English. */
export const reason = ({ code, message }) => texts.errors[code] ?? message;

/** Puts the words into every element that names one. */
export function translate(root) {
  root.documentElement.lang = language;
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = texts[element.dataset.text];
  for (const element of root.querySelectorAll("[data-label]")) element.setAttribute("aria-label", texts[element.dataset.label]);
  for (const element of root.querySelectorAll("[data-placeholder]")) element.placeholder = texts[element.dataset.placeholder];
}
