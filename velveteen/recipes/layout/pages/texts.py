"""Words of several scripts, which become titles, sentences, names and numbers."""

import random
from dataclasses import dataclass

_WORDS = {
    "latin": (
        "the of and new order open report team garden water light market week customer price change river study house small "
        "value plan update letter picture music travel system number result delivery winter project summer support account "
        "question reader kitchen design member balance release history language server window station morning paper colour "
        "Straße über Lieferung Versandkostenübersicht Einstellungen Kundenzufriedenheit déjà façade élève où année señor mañana "
        "información construção órgão vêtements été città perché żółty příliš kůň öğrenci gjøre være blåbær"
    ),
    "cyrillic": (
        "и в на новый заказ отчёт команда сад вода свет рынок неделя клиент цена река дом маленький план письмо картина музыка "
        "путешествие система число результат доставка зима проект лето поддержка вопрос читатель кухня история язык окно "
        "станция утро бумага цвет настройки безопасность производительность пользователь обновление"
    ),
    "greek": (
        "και το στην νέα παραγγελία αναφορά ομάδα κήπος νερό φως αγορά εβδομάδα πελάτης τιμή ποτάμι σπίτι μικρό σχέδιο γράμμα "
        "εικόνα μουσική ταξίδι σύστημα αριθμός αποτέλεσμα παράδοση χειμώνας καλοκαίρι υποστήριξη ερώτηση αναγνώστης κουζίνα "
        "ιστορία γλώσσα παράθυρο σταθμός πρωί χαρτί χρώμα ρυθμίσεις ασφάλεια"
    ),
    "arabic": (
        "و في على جديد طلب تقرير فريق حديقة ماء ضوء سوق أسبوع عميل سعر نهر بيت صغير خطة رسالة صورة موسيقى سفر نظام عدد نتيجة "
        "توصيل شتاء مشروع صيف دعم سؤال قارئ مطبخ تاريخ لغة نافذة محطة صباح ورق لون إعدادات أمان مستخدم تحديث"
    ),
    "cjk": (
        "新しい 注文 報告 庭 水 光 市場 週間 顧客 価格 変更 川 研究 家 小さな 計画 更新 手紙 写真 音楽 旅行 系统 数量 结果 配送 冬天 项目 夏天 支持 "
        "账户 问题 读者 厨房 设计 成员 历史 语言 服务器 窗口 车站 早上 纸 颜色 설정 보안 사용자 업데이트 안내"
    ),
}
_NAMES = {
    "latin": "Ada Moreau|Jan Novák|Lucía Pérez|Ole Hansen|Mei Tan|Grace Okafor|Tom Baker|Ines Köhler|Maximilian Oberhauser",
    "cyrillic": "Анна Иванова|Пётр Сидоров|Олена Коваль|Иван Петров|Мария Кузнецова",
    "greek": "Ελένη Παππά|Νίκος Γεωργίου|Μαρία Δήμου|Γιάννης Λάμπρου",
    "arabic": "ليلى حسن|عمر خالد|سارة يوسف|كريم علي",
    "cjk": "佐藤 花子|王 小明|김 민수|李 娜|鈴木 一郎",
}
SCRIPTS = tuple(_WORDS)
SAMPLES = {"latin": "A", "cyrillic": "Ж", "greek": "Λ", "arabic": "ع", "cjk": "新"}
"""A letter of each, to ask a machine whether it can write in it."""
_CODES = {"latin": ("en", "de", "fr"), "cyrillic": ("ru",), "greek": ("el",), "arabic": ("ar",), "cjk": ("ja", "zh")}


@dataclass(frozen=True)
class Texts:
    """Writes in one script, from a source of random numbers.

    Args:
        random: where chance comes from.
        script: one of SCRIPTS.
    """

    random: random.Random
    script: str

    @property
    def direction(self) -> str:
        """The direction of writing, as HTML says it."""
        return "rtl" if self.script == "arabic" else "ltr"

    def language(self) -> str:
        """Returns a language's code, for HTML."""
        return self.random.choice(_CODES[self.script])

    def words(self, least: int, most: int) -> str:
        """Returns from `least` to `most` words, the first with a capital letter."""
        chosen = self.random.choices(_WORDS[self.script].split(), k=self.random.randint(least, most))
        text = ("" if self.script == "cjk" and self.random.random() < 0.7 else " ").join(chosen)
        return text[:1].upper() + text[1:]

    def title(self) -> str:
        """Returns a heading."""
        return self.words(2, 7)

    def label(self) -> str:
        """Returns one or two words, such as on a button."""
        return self.words(1, 2)

    def sentences(self, least: int, most: int) -> str:
        """Returns a paragraph, sometimes with a link, code or stress inside of its lines."""
        parts = []
        for _ in range(self.random.randint(least, most)):
            sentence = self.words(5, 16)
            if self.random.random() < 0.25:
                tag = self.random.choice(["a href='#'", "strong", "em", "code", "mark"])
                sentence += f" <{tag}>{self.words(1, 3)}</{tag.split()[0]}>"
            parts.append(sentence + ("。" if self.script == "cjk" else "."))
        return " ".join(parts)

    def name(self) -> str:
        """Returns a person's name."""
        return self.random.choice(_NAMES[self.script].split("|"))

    def number(self) -> str:
        """Returns a number as pages show them: counts, prices, shares, dates."""
        value = self.random.random()
        forms = (
            f"{int(value * 9000):,}", f"€{value * 900:.2f}", f"{value * 100:.1f} %", f"{int(1 + value * 27)}.{int(1 + value * 11)}.2025",
            f"{int(value * 23)}:{int(value * 59):02d}", f"+{int(value * 99)}",
        )  # fmt: skip
        return self.random.choice(forms)
